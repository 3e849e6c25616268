//! Clients that are slow on purpose: told so where HTTP has a word for it, ended in any case, and named in log
//! and metric by the key that ended them.

use std::time::{Duration, Instant};

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy, until};

fn since(start: Instant) -> Duration {
    Instant::now().duration_since(start)
}

fn fired(gateway: &Gateway, timeout: &str) -> i64 {
    gateway
        .metrics()
        .count("portcullis_timeouts_total", &[("timeout", timeout)])
}

#[test]
fn half_a_head_is_answered_408_with_all_that_our_answers_have() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).listener("timeouts = { request_head = \"200ms\" }"));
    for begin in [
        "G",
        "PRI * HT",
        "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-",
        "\r\n",
    ] {
        let mut wire = gateway.connect();
        wire.send(begin);
        let answer = wire.answer();
        answer.assert_refused(408, "request_head_timeout");
        assert_eq!(answer.json()["timeout"], "request_head");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(wire.is_closed(), "{begin:?}");
        let id = answer.header("x-request-id").unwrap();
        let line = gateway.wait_for_log("the refusal", |line| line["request_id"] == id);
        assert_eq!(line["reason"], "request_head");
    }
    assert_eq!(fired(&gateway, "request_head"), 4);
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_later_head_has_no_more_time_than_the_first() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("answer"));
    });
    let text = policy([origin.address()])
        .listener("timeouts = { request_head = \"300ms\", keep_alive_idle = \"60s\" }");
    let gateway = Gateway::start(text);
    // Begun while the first is under way, and after its answer.
    for begins_early in [true, false] {
        let mut wire = Ask::get("/").start(gateway.http());
        if begins_early {
            wire.send("GET / HT");
        }
        gate.wait_for_waiters(1);
        gate.pass_one();
        assert_eq!(wire.answer().text(), "answer");
        if !begins_early {
            wire.send("GET / HT");
        }
        let start = Instant::now();
        wire.answer().assert_refused(408, "request_head_timeout");
        assert!(
            since(start) < Duration::from_secs(10),
            "it had the time of an idle connection"
        );
        assert!(wire.is_closed());
    }
    gateway.stop();
}

#[test]
fn silence_is_ended_without_a_word_and_counted() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .listener("timeouts = { request_head = \"200ms\", keep_alive_idle = \"200ms\" }");
    let gateway = Gateway::start(text);
    assert!(gateway.connect().is_closed());
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    assert!(wire.is_closed());
    until("both are counted", || {
        fired(&gateway, "request_head") == 1 && fired(&gateway, "keep_alive_idle") == 1
    });
    gateway.stop();
}

#[test]
fn trailers_and_chunk_lines_that_trickle_end_like_a_body_that_does() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults.timeouts]\nrequest_body_idle = \"600ms\""));
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n";
    for begin in ["0\r\nX-Trailer: ", "4;extension="] {
        let mut wire = gateway.connect();
        wire.send([head, begin].concat());
        let start = Instant::now();
        while wire.is_silent_for(Duration::from_millis(100)) {
            wire.try_send("x");
            assert!(
                since(start) < Duration::from_secs(20),
                "the trickle was let through"
            );
        }
        let answer = wire.answer();
        answer.assert_refused(408, "request_body_timeout");
        assert_eq!(answer.json()["timeout"], "request_body_idle");
        assert!(wire.is_closed());
    }
    let line = gateway.wait_for_log("the refusal", |line| line["status"] == 408);
    assert_eq!(line["reason"], "request_body_idle");
    assert_eq!(fired(&gateway, "request_body_idle"), 2);
    gateway.stop();
}

#[test]
fn a_client_that_reads_a_byte_a_second_is_cut() {
    let gone = Gate::default();
    let noticed = gone.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "application/octet-stream", "").chunked_head());
        let piece = chunk([b'x'; 64 << 10]);
        while line.send(&piece) {}
        noticed.open();
    });
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults.timeouts]\nclient_stall = \"5s\""));
    let start = Instant::now();
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    // Its system makes no room for so little, so that it looks like one that takes nothing.
    while !gone.wait_for(Duration::from_secs(1)) {
        wire.exactly(1);
        assert!(
            since(start) < Duration::from_secs(30),
            "the trickle was let through"
        );
    }
    assert!(since(start) > Duration::from_secs(4), "a pause is allowed");
    let line = gateway.wait_for_log("the line", |line| line["status"] == 200);
    assert_eq!(line["end"], "client_stalled");
    assert_eq!(fired(&gateway, "client_stall"), 1);
    gateway.stop();
}
