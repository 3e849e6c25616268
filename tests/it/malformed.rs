//! Requests that break HTTP: 400, the connection closed, and not a byte of it at the upstream.

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

#[test]
fn a_malformed_head_is_400_and_ends_the_connection() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for head in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1 extra\r\nHost: gateway.test\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: gateway.test\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Space : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Nul: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: gateway.test\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1, 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: banana\r\n\r\n",
    ] {
        let mut wire = gateway.connect();
        wire.send(head);
        wire.try_send(NEXT);
        let rest = String::from_utf8_lossy(&wire.rest()).into_owned();
        assert!(rest.starts_with("HTTP/1.1 400 "), "{head:?}: {rest}");
        assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{head:?}: {rest}");
    }
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn exactly_one_host_that_is_a_host() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test:port\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n",
    ] {
        let mut wire = gateway.connect();
        wire.send(head);
        let answer = wire.answer();
        assert_eq!(answer.status, 400, "{head:?}");
        assert_eq!(answer.code(), "host_invalid", "{head:?}");
        assert!(wire.is_closed(), "{head:?}");
    }
    assert!(origin.calls().is_empty());
    for host in ["a.test", "a.test:80", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(Ask::get("/").host(host).to(gateway.http()).status, 200, "{host}");
    }
    gateway.stop();
}

#[test]
fn a_length_beside_chunks_cannot_smuggle_a_request() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    wire.try_send(format!("0\r\n\r\n{NEXT}"));
    let first = wire.answer();
    // Refused, or read as chunks with the length dropped (RFC 9112 §6.1): then the connection must end.
    assert!(first.status == 400 || first.status == 200, "{first:?}");
    assert!(wire.is_closed());
    let calls = origin.calls();
    assert!(
        calls
            .iter()
            .all(|call| call.target == "/" && call.header("content-length").is_none()),
        "{calls:?}"
    );
    gateway.stop();
}

#[test]
fn a_broken_chunk_ends_both_sides() {
    for broken in [
        "zz\r\nbody\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "4\r\nbodyXX0\r\n\r\n",
    ] {
        let ended = Gate::default();
        let saw = ended.clone();
        let origin = Origin::playing(move |_, line| {
            assert!(!line.body().complete, "a broken body was passed off as whole");
            saw.open();
        });
        let gateway = Gateway::start(policy([origin.address()]));
        let mut wire = gateway.connect();
        wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        wire.send(chunk("begin"));
        origin.wait_for_calls(1);
        wire.try_send(broken);
        let rest = String::from_utf8_lossy(&wire.rest()).into_owned();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 400 "),
            "{broken:?}: {rest}"
        );
        assert!(ended.wait(), "{broken:?}: the upstream was left waiting");
        gateway.stop();
    }
}

#[test]
fn a_body_cut_by_the_client_is_not_passed_off_as_whole() {
    let ended = Gate::default();
    let saw = ended.clone();
    let origin = Origin::playing(move |_, line| {
        assert!(!line.body().complete);
        saw.open();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 10\r\n\r\nhalf");
    origin.wait_for_calls(1);
    drop(wire);
    assert!(ended.wait());
    let line = gateway.wait_for_log("the request", |line| line["path"] == "/");
    assert_eq!(
        (&line["status"], &line["end"]),
        (&499.into(), &"client_gone".into()),
        "{line}"
    );
    gateway.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        [
            Ask::get("/1").bytes(),
            Ask::post("/2", "two").bytes(),
            Ask::get("/3").bytes(),
        ]
        .concat(),
    );
    for target in ["/1", "/2", "/3"] {
        assert_eq!(wire.answer().json()["target"], target);
    }
    gateway.stop();
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send("GET /old HTTP/1.0\r\nHost: gateway.test\r\n\r\n");
    let answer = wire.answer();
    assert_eq!(
        (answer.status, answer.json()["target"].as_str()),
        (200, Some("/old"))
    );
    assert!(wire.is_closed());
    gateway.stop();
}

#[test]
fn a_client_that_stops_sending_is_taken_as_gone() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_call, line| {
        held.wait();
        line.reply(&Reply::text("late"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    origin.wait_for_calls(1);
    wire.finish_sending();
    assert!(wire.is_closed());
    gateway.wait_for_log("the request's line", |line| line["end"] == "client_gone");
    gate.open();
    gateway.stop();
}
