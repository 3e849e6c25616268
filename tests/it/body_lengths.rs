//! Bodies without a length: small ones get one on their way to servers of HTTP/1.1, since old servers take chunks for
//! nothing; what is larger, or slow, or a stream, is passed on as it comes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Frame;

use crate::support::origin::Call;
use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Proto, Reply, Session, policy};

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The length that the server was told, and whether it was sent chunks.
fn framing(call: &Call) -> (Option<&str>, bool) {
    (
        call.header("content-length"),
        call.header("transfer-encoding").is_some(),
    )
}

#[test]
fn a_small_body_in_chunks_goes_with_its_length() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    for piece in ["six", "teen ", "bytes..."] {
        wire.send(chunk(piece));
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().json()["body"], "sixteen bytes...");
    // No bytes at all are a length too.
    wire.send(CHUNKED);
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().json()["body"], "");
    let calls = origin.calls();
    assert_eq!(framing(&calls[0]), (Some("16"), false));
    assert_eq!(framing(&calls[1]), (Some("0"), false));
    gateway.stop();
}

#[test]
fn a_small_body_without_a_length_over_http_2_goes_with_its_length() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let session = Session::open(Proto::H2c, &gateway);
    let (exchange, body) = session.upload(&Ask::new("POST", "/"));
    for piece in ["two ", "pieces"] {
        body.send(Frame::data(Bytes::from_static(piece.as_bytes())))
            .unwrap();
    }
    drop(body);
    assert_eq!(exchange.answer().json()["body"], "two pieces");
    assert_eq!(framing(&origin.calls()[0]), (Some("10"), false));
    gateway.stop();
}

#[test]
fn a_body_that_pauses_is_passed_on_after_a_second_and_not_held_again() {
    let pieces = Gate::default();
    let arrived = pieces.clone();
    let origin = Origin::playing(move |call, line| {
        assert_eq!(framing(call), (None, true));
        while line.piece().is_some() {
            arrived.pass_one();
        }
        line.reply(&Reply::text("all of it"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    let began = Instant::now();
    wire.send(CHUNKED);
    wire.send(chunk("first"));
    assert!(pieces.wait(), "the piece did not reach the server");
    let waited = Instant::now() - began;
    assert!(waited >= Duration::from_millis(900), "{waited:?}");
    for _ in 0..3 {
        wire.send(chunk("another"));
        assert!(
            pieces.wait(),
            "the piece did not reach the server before the next was sent"
        );
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), "all of it");
    gateway.stop();
}

#[test]
fn a_body_over_64_kib_is_passed_on_before_the_client_sends_the_rest() {
    let pieces = Gate::default();
    let arrived = pieces.clone();
    let origin = Origin::playing(move |call, line| {
        assert_eq!(framing(call), (None, true));
        let mut seen = 0;
        while let Some(piece) = line.piece() {
            seen += piece.len();
            if seen == 65 << 10 {
                arrived.pass_one();
            }
        }
        line.reply(&Reply::text(&seen.to_string()));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(65 << 10)));
    assert!(pieces.wait(), "what came did not reach the server");
    wire.send(chunk("x".repeat(1 << 10)));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), (66 << 10).to_string());
    gateway.stop();
}

#[test]
fn a_client_that_asks_first_is_told_to_send_and_its_body_goes_with_its_length() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        "PUT / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(wire.answer().status, 100);
    wire.send(chunk("body"));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().json()["body"], "body");
    let call = &origin.calls()[0];
    assert_eq!(framing(call), (Some("4"), false));
    assert_eq!(call.header("expect"), None, "it has been met");
    gateway.stop();
}

#[test]
fn announced_trailers_and_streams_go_on_in_chunks_at_once() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n",
    );
    wire.send(chunk("body"));
    wire.send("0\r\nX-Sum: 7\r\n\r\n");
    let echo = wire.answer().json();
    assert_eq!(
        (&echo["body"], &echo["trailers"][0][1]),
        (&"body".into(), &"7".into())
    );
    wire.send(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-ndjson\r\n\r\n",
    );
    origin.wait_for_calls(2);
    wire.send(chunk("{}\n"));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().json()["body"], "{}\n");
    assert!(origin.calls().iter().all(|call| framing(call) == (None, true)));
    gateway.stop();
}

/// A server that answers in HTTP/1.0, and in HTTP/1.1 where the target says so.
pub fn old() -> Origin {
    Origin::playing(|call, line| {
        // What such a server makes of chunks.
        let body = match call.header("content-length") {
            Some(_) => line.body().bytes.len(),
            None => 0,
        };
        let version = if call.target == "/new" { "1.1" } else { "1.0" };
        let text = body.to_string();
        line.send(format!(
            "HTTP/{version} 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        ));
        line.close();
    })
}

#[test]
fn a_server_of_http_1_0_gets_a_length_or_nothing() {
    let origin = old();
    let gateway = Gateway::start(policy([origin.address()]));
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "0");
    // Longer than the brief wait of every route.
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("half"));
    assert!(wire.is_silent_for(Duration::from_millis(1300)));
    assert_eq!(
        origin.calls().len(),
        1,
        "it was asked before the length was known"
    );
    wire.send(chunk("half"));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), "8");
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(70 << 10)));
    wire.answer().assert_refused(411, "length_required");
    gateway.wait_for_log("the remedy", |line| {
        line["refusal"] == "length_required"
            && line["error"]
                .as_str()
                .is_some_and(|error| error.contains("request_buffer"))
    });
    assert_eq!(origin.calls().len(), 2);
    assert!(gateway.reload());
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(70 << 10)));
    wire.answer().assert_refused(411, "length_required");
    // It speaks HTTP/1.1 after all.
    assert_eq!(Ask::get("/new").to(gateway.http()).status, 200);
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(70 << 10)));
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().status, 200);
    gateway.stop();
}
