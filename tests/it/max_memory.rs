//! The ceiling of the process's memory: near it connections give way, and ordinary requests go on.

use http::Response;

use crate::support::frames::{END_STREAM, Frames, GET, SETTINGS, WINDOW_UPDATE};
use crate::support::policy::PolicyText;
use crate::support::{Ask, Gateway, H2Origin, Proto, Wire, policy, run, until};

mod crowd;

/// What has been freed is given back to the system at once, so that what is measured is what is held.
const FREED_AT_ONCE: (&str, &str) = ("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0");
const STREAMS: u32 = 100;

/// Answers each request with a mebibyte; `/small` and health with little, `/deaf` never.
fn origin() -> H2Origin {
    H2Origin::playing(|call| async move {
        let path = call.head.uri.path().to_owned();
        if path == "/deaf" {
            return std::future::pending().await;
        }
        let length = if path == "/small" { 2 } else { 1 << 20 };
        let (_body, mut sending) = call.answer(Response::new(()));
        let _gone = sending.send_data(vec![b'x'; length].into(), true);
        std::future::pending::<()>().await;
    })
}

fn before(origin: &H2Origin) -> PolicyText {
    policy([origin.address()])
        .workers(1)
        .upstream("http2 = true\nmax_inflight = \"off\"")
        .listener("max_connections_per_client = \"off\"")
        .and("[admin]\naddress = \"127.0.0.1:0\"")
        .and("[defaults]\nmax_inflight_per_client = \"off\"")
}

/// Asks for a hundred mebibytes and takes none.
fn greedy(gateway: &Gateway) -> Frames {
    let mut frames = Frames::over(Proto::H2c, gateway);
    frames.send(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    for stream in 0..STREAMS {
        frames.request(2 * stream + 1, &GET, END_STREAM);
    }
    frames
}

fn actions(gateway: &Gateway, action: &str) -> i64 {
    let metrics = gateway.metrics_by("admin");
    metrics.count("portcullis_memory_actions_total", &[("action", action)])
}

/// Sends all of a body but its last byte, to a route that keeps it in memory.
fn kept(gateway: &Gateway) -> Wire {
    const LENGTH: usize = 9 << 20;
    let mut wire = gateway.connect();
    wire.send(format!(
        "POST /kept HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {LENGTH}\r\n\r\n"
    ));
    wire.send(vec![b'x'; LENGTH - 1]);
    wire
}

#[test]
fn at_the_ceiling_newcomers_are_refused_and_the_idle_give_way() {
    let origin = origin();
    let text = before(&origin)
        .route(
            "kept",
            "path = \"/kept\"",
            "request_buffer = { max = \"10MiB\", memory = \"10MiB\" }",
        )
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start_with(&text, &[FREED_AT_ONCE]);
    let mut idle = gateway.connect();
    idle.send(Ask::get("/health/live").bytes());
    assert_eq!(idle.answer().status, 200);
    let mut crowd = Vec::new();
    until("much is held", || {
        crowd.push(kept(&gateway));
        gateway.resident() > 100 << 20
    });
    gateway.rewrite(text.clone().gateway("max_memory = \"64MiB\""));
    assert!(gateway.reload());
    until("newcomers are refused", || is_refused(&gateway));
    assert_eq!(Ask::get("/health/live").to(gateway.address("admin")).status, 200);
    assert!(idle.is_closed(), "an idle connection gives way");
    assert!(actions(&gateway, "full") >= 1);
    drop(crowd);
    until("newcomers are let in again", || small(&gateway));
    gateway.wait_for_log("free again", |line| line["message"] == "memory is free again");
    let metrics = gateway.metrics();
    let refused = [("reason", "max_memory")];
    assert!(metrics.count("portcullis_connections_refused_total", &refused) >= 1);
    assert_eq!(
        metrics.count("portcullis_memory_bytes", &[("kind", "max")]),
        64 << 20
    );
    gateway.stop();
}

#[test]
fn a_ceiling_that_is_too_low_is_a_fault_with_the_number_that_works() {
    let policy = |size: &str| {
        format!(
            "[gateway]\nworkers = 2\nmax_memory = \"{size}\"\n[upstreams.app]\nservers = [\"http://127.0.0.1:1\"]\n"
        )
    };
    for (size, words, remedy) in [
        (
            "16MiB",
            "16MiB is less than the gateway needs",
            "write \"56MiB\" or more",
        ),
        (
            "60MiB",
            "60MiB is less than the gateway needs with 2 workers",
            "write \"64MiB\" or more",
        ),
    ] {
        let refused = run(&["check"], &policy(size), &[]);
        assert_eq!(refused.code, Some(2));
        for words in [words, remedy] {
            assert!(refused.output().contains(words), "{}", refused.output());
        }
    }
    let told = run(&["check"], &policy("64MiB"), &[]);
    assert_eq!(told.code, Some(0));
    assert!(
        told.output().contains("at most 64 MiB of memory"),
        "{}",
        told.output()
    );
}

/// Whether a new connection is told that there is no memory for it.
fn is_refused(gateway: &Gateway) -> bool {
    let Ok(mut newcomer) = Wire::try_connect(gateway.http()) else {
        return false;
    };
    newcomer.try_send(Ask::get("/small").bytes())
        && newcomer
            .try_answer()
            .is_some_and(|answer| answer.status == 503 && answer.code() == "exhausted")
}

/// A connection that holds little is not touched, however near the ceiling is.
fn small(gateway: &Gateway) -> bool {
    let Ok(mut wire) = Wire::try_connect(gateway.http()) else {
        return false;
    };
    wire.try_send(Ask::get("/small").bytes()) && wire.try_answer().is_some_and(|answer| answer.status == 200)
}
