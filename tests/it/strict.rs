//! What two parsers could read in two ways: refused by us, once, dressed like any refusal, the connection ended
//! and not a byte of it at the upstream. However the bytes are cut, and whatever came before them.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Answer, Ask, Gateway, Origin, Wire, policy};

mod bodies;
mod cases;
mod sound;

use cases::{Case, case_bytes};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

fn listener_of(origin: &Origin) -> Gateway {
    Gateway::start(policy([origin.address()]).listener(
        "max_head = \"8KiB\"\nmax_headers = 20\nmax_target = \"1KiB\"\nmax_connections_per_client = \"off\"",
    ))
}

/// Refused as expected, with all that every answer of ours has, and nothing after it.
#[track_caller]
fn assert_refused(wire: &mut Wire, case: &Case) -> Answer {
    let what = format!("{:?} ({})", case.head, case.reason);
    let answer = wire.try_answer().unwrap_or_else(|| panic!("no answer to {what}"));
    assert_eq!(answer.status, case.status, "{what}: {}", answer.text());
    assert_eq!(answer.code(), case.code, "{what}");
    assert_eq!(answer.header("connection"), Some("close"), "{what}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}");
    }
    assert!(wire.is_closed(), "more came after the refusal of {what}");
    answer
}

#[test]
fn each_ambiguous_head_is_refused_and_nothing_of_it_is_passed_on() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    for case in cases::all() {
        let mut wire = gateway.connect();
        wire.try_send(case_bytes(case));
        wire.try_send(SMUGGLED);
        assert_refused(&mut wire, case);
    }
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    let metrics = gateway.metrics();
    for case in cases::all() {
        let count = metrics.count("portcullis_malformed_requests_total", &[("reason", case.reason)]);
        assert!(count > 0, "`{}` was not counted: {:?}", case.reason, case.head);
        gateway.wait_for_log(case.reason, |line| {
            line["refusal"] == case.code && line["reason"] == case.reason && line["status"] == case.status
        });
    }
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn a_second_request_is_judged_like_a_first_and_the_first_is_answered() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    for case in cases::all() {
        for first in [Ask::get("/first"), Ask::post("/first", "body")] {
            let mut wire = gateway.connect();
            wire.try_send([first.bytes(), case_bytes(case), SMUGGLED.into()].concat());
            let answer = wire.answer();
            assert_eq!(
                (answer.status, answer.json()["target"].as_str()),
                (200, Some("/first"))
            );
            assert_refused(&mut wire, case);
        }
    }
    assert!(origin.calls().iter().all(|call| call.target == "/first"));
    gateway.stop();
}

#[test]
fn wherever_the_bytes_are_cut_the_verdict_is_the_same() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let (cases, next) = (cases::all(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let bytes = case_bytes(case);
                    // What is long is cut near its end only: the rest is one letter over and over.
                    for place in bytes.len().saturating_sub(150).max(1)..bytes.len() {
                        let (before, after) = bytes.split_at(place);
                        let mut wire = gateway.connect();
                        wire.try_send(before);
                        wire.try_send(after);
                        wire.try_send(SMUGGLED);
                        assert_refused(&mut wire, case);
                    }
                }
            });
        }
    });
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    gateway.stop();
}

#[test]
fn the_log_names_a_refused_request_by_its_first_line_if_that_was_sound() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    for (head, method, path) in [
        (
            "PATCH /orders?secret=1 HTTP/1.1\r\nHost : x\r\n\r\n",
            "PATCH",
            "/orders",
        ),
        ("GET / HTTP/1.1\nHost: x\r\n\r\n", "-", "*"),
    ] {
        let mut wire = gateway.connect();
        wire.send(head);
        let answer = wire.answer();
        assert_eq!(answer.status, 400);
        let id = answer.header("x-request-id").unwrap();
        let line = gateway.wait_for_log("the refusal", |line| line["request_id"] == id);
        assert_eq!(
            (&line["method"], &line["path"], &line["client.ip"], &line["route"]),
            (&method.into(), &path.into(), &"127.0.0.1".into(), &"other".into()),
            "{line}"
        );
        assert!(line.get("server").is_none(), "{line}");
    }
    gateway.stop();
}

#[test]
fn the_refusal_fits_what_the_client_expects_to_read() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let mut wire = gateway.connect();
    wire.send("HEAD / HTTP/1.1\r\nHost : x\r\n\r\n");
    let answer = wire.answer_to("HEAD");
    assert_eq!(answer.status, 400);
    assert!(wire.is_closed(), "an answer to HEAD has no body");
    let mut wire = gateway.connect();
    wire.send("GET / HTTP/1.0\r\nHost : x\r\n\r\n");
    assert!(wire.rest().starts_with(b"HTTP/1.0 400 Bad Request\r\n"));
    gateway.stop();
}

#[test]
fn a_client_that_goes_on_sending_can_read_the_refusal() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    for _ in 0..10 {
        let mut wire = gateway.connect();
        wire.try_send("GET / HTTP/1.1\r\nHost : x\r\n\r\n");
        wire.try_send(vec![b'x'; 1 << 20]);
        assert_eq!(wire.answer().status, 400);
    }
    gateway.stop();
}
