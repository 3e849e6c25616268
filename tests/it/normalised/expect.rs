//! `Expect: 100-continue` from end to end.

use std::time::Duration;

use crate::support::{Ask, Gate, Gateway, Origin, Proto, Reply, policy};

use super::echoing;

const HEAD: &str =
    "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

#[test]
fn the_client_goes_on_when_the_upstream_says_so() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.method == "GET" {
            line.reply(&Reply::text("again"));
            return;
        }
        assert_eq!(call.header("expect"), Some("100-continue"));
        held.wait();
        line.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(HEAD);
    origin.wait_for_calls(1);
    assert!(
        wire.is_silent_for(Duration::from_millis(300)),
        "it was told to go on by us"
    );
    gate.open();
    assert_eq!(wire.head().status, 100);
    wire.send("body");
    let answer = wire.answer();
    assert_eq!(
        (answer.status, answer.json()["body"].as_str()),
        (200, Some("body"))
    );
    let again = Ask::get("/again").via(&mut wire);
    assert_eq!(again.status, 200, "the connection goes on");
    gateway.stop();
}

#[test]
fn an_upstream_that_refuses_by_the_head_alone_is_spared_the_body() {
    let origin = Origin::playing(|call, line| {
        if call.method == "POST" {
            line.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno");
            assert!(line.piece().is_none(), "a body came that nobody wanted");
        } else {
            line.reply(&Reply::text("ok"));
        }
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(HEAD);
    let answer = wire.answer();
    assert_eq!((answer.status, answer.text().as_str()), (401, "no"));
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "ok");
    gateway.stop();
}

#[test]
fn an_upstream_that_says_nothing_is_not_waited_for() {
    let (origin, gateway) = echoing();
    let mut wire = gateway.connect();
    wire.send(HEAD);
    assert_eq!(wire.head().status, 100);
    wire.send("body");
    assert_eq!(wire.answer().json()["body"], "body");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn a_client_that_does_not_wait_is_served_at_once_all_the_same() {
    let origin = Origin::playing(|call, line| {
        line.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(format!("{HEAD}body"));
    let mut answer = wire.answer();
    if answer.status == 100 {
        answer = wire.answer();
    }
    assert_eq!(answer.json()["body"], "body");
    gateway.stop();
}

#[test]
fn no_other_expectation_is_known() {
    let (origin, gateway) = echoing();
    for value in ["200-ok", "100-continue, more"] {
        let refused = Ask::post("/", "body").header("Expect", value).to(gateway.http());
        refused.assert_refused(417, "expectation_failed");
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn where_it_cannot_be_kept_it_is_not_passed_on() {
    let (origin, gateway) = echoing();
    let mut wire = gateway.connect();
    wire.send(HEAD.replace("HTTP/1.1", "HTTP/1.0"));
    wire.send("body");
    assert_eq!(wire.answer().json()["body"], "body", "HTTP/1.0 knows no 100");
    let ask = Ask::post("/", "body").header("expect", "100-continue");
    assert_eq!(ask.over(Proto::H2c, &gateway).json()["body"], "body");
    let bodiless = Ask::get("/").header("Expect", "100-continue");
    assert_eq!(bodiless.to(gateway.http()).status, 200);
    assert!(origin.calls().iter().all(|call| call.header("expect").is_none()));
    gateway.stop();
}
