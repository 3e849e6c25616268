//! Shadow mode: a guard that only counts what it would have refused.

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

#[test]
fn a_limit_in_shadow_passes_and_counts() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[limits.one]\nrate = \"1/minute\"\nmode = \"shadow\"\n[defaults]\nlimits = [\"one\"]")
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    for _ in 0..3 {
        assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    }
    assert_eq!(
        gateway
            .metrics()
            .count("portcullis_shadowed_total", &[("endpoint", "all")]),
        2
    );
    assert_eq!(gateway.metrics().count("portcullis_refusals_total", &[]), 0);
    gateway.wait_for_log("a line that names the guard", |line| {
        line["shadowed"].to_string().contains("limit")
    });
    gateway.stop();
}

#[test]
fn each_guard_can_be_put_into_shadow() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        let body = line.body();
        if call.target == "/held" {
            held.wait();
        }
        line.reply(&Reply::text(&body.bytes.len().to_string()));
    });
    let text = policy([origin.address()])
        .and("[limits.one]\nrate = \"1/minute\"\n[defaults]\nlimits = [\"one\"]\nmax_inflight_per_client = 1")
        .and("max_body = \"10B\"\nshadow = [\"limits\", \"max_inflight_per_client\", \"max_body\"]")
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let mut first = Ask::get("/held").start(gateway.http());
    origin.wait_for_calls(1);
    assert_eq!(Ask::post("/", "x".repeat(20)).to(gateway.http()).text(), "20");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.send(chunk("x".repeat(20)));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), "20", "a body of unknown length");
    gate.open();
    assert_eq!(first.answer().status, 200);
    let metrics = gateway.metrics();
    for guard in ["limits.one", "max_inflight_per_client", "max_body"] {
        assert!(
            metrics.count("portcullis_shadowed_total", &[("guard", guard)]) >= 1,
            "{guard}"
        );
    }
    gateway.stop();
}

#[test]
fn a_route_may_leave_the_shadow() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[defaults]\nmax_body = \"1B\"\nshadow = [\"max_body\"]")
        .route("strict", "path = \"/strict\"", "shadow = []")
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    assert_eq!(Ask::post("/", "xx").to(gateway.http()).status, 200);
    Ask::post("/strict", "xx")
        .to(gateway.http())
        .assert_refused(413, "body_too_large");
    gateway.stop();
}
