//! Bodies that the application coded, and how much of one is looked at.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::Response;

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, H2Origin, Origin, Proto, Reply, Session, policy};

pub(super) const CODINGS: [&str; 3] = ["utf-8", "gzip", "deflate"];

const TRACE: &str = "Traceback (most recent call last):\n  File \"/srv/app/db.py\", line 7, in login\n";
/// How much of a body is looked at.
const PEEK: usize = 64 * 1024;

/// The body in one of the codings.
pub(super) fn coded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
            coder.write_all(bytes).unwrap();
            coder.finish().unwrap()
        }
        "deflate" => {
            let mut coder = ZlibEncoder::new(Vec::new(), Compression::fast());
            coder.write_all(bytes).unwrap();
            coder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}

#[test]
fn a_5xx_that_cannot_be_decoded_is_replaced_and_a_4xx_passes() {
    let origin = Origin::playing(|call, line| {
        line.body();
        let words: Vec<_> = call.target.split('/').skip(1).collect();
        let [status, coding] = words.try_into().unwrap();
        let reply = Reply::new(status.parse().unwrap(), "text/html", "no coding at all");
        line.reply(&reply.header("Content-Encoding", coding));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    for coding in ["br", "zstd", "gzip", "deflate"] {
        let replaced = Ask::get(&format!("/500/{coding}")).to(gateway.http());
        replaced.assert_refused(500, "upstream_error");
        assert_eq!(replaced.header("content-encoding"), None);
        let passed = Ask::get(&format!("/404/{coding}")).to(gateway.http());
        assert_eq!((passed.status, passed.text().as_str()), (404, "no coding at all"));
    }
    gateway.wait_for_log("the reason", |line| {
        line["leak"] == "undecodable" && line["masked"] == true
    });
    gateway.stop();
}

#[test]
fn a_body_that_unfolds_without_end_is_read_no_further_than_any_body() {
    let bomb = coded("gzip", &vec![b' '; 64 << 20]);
    let reply = Reply::new(500, "text/html", &bomb).header("Content-Encoding", "gzip");
    let origin = Origin::answering(reply);
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/").to(gateway.http());
    assert_eq!(answer.status, 500);
    assert!(answer.body.bytes == bomb, "it leaks nothing in what is read");
    gateway.stop();
}

#[test]
fn what_follows_the_beginning_streams_on() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        line.body();
        let own = "a page of our own\n".repeat(PEEK / 18 + 1);
        let before = if call.target == "/leak" { TRACE } else { "" };
        line.send(Reply::new(500, "text/html", "").chunked_head());
        line.send(chunk(format!("{before}{own}")));
        if call.target == "/own" {
            assert!(held.wait());
        }
        line.send([chunk(TRACE), chunk("")].concat());
    });
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/leak")
        .to(gateway.http())
        .assert_refused(500, "upstream_error");
    let mut wire = Ask::get("/own").start(gateway.http());
    assert_eq!(wire.head().status, 500);
    wire.piece_with("a page of our own");
    gate.open();
    let rest = wire.rest_of_body();
    assert!(rest.complete && rest.bytes.ends_with(TRACE.as_bytes()));
    gateway.stop();
}

#[test]
fn a_4xx_that_streams_is_not_held() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.body();
        line.send(Reply::new(422, "text/plain", "").chunked_head());
        line.send(chunk("first\n"));
        assert!(held.wait());
        line.send([chunk("last\n"), chunk("")].concat());
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 422);
    wire.piece_with("first");
    gate.open();
    let rest = wire.rest_of_body();
    assert!(rest.complete && rest.bytes.ends_with(b"last\n"), "{rest:?}");
    gateway.stop();
}

#[test]
fn an_error_that_breaks_off_is_not_passed_on_as_whole() {
    let origin = Origin::playing(|call, line| {
        line.body();
        let status = if call.target == "/4xx" { 404 } else { 500 };
        line.send(Reply::new(status, "text/html", "x".repeat(100)).head_without_body());
        line.send("<p>half");
        line.close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/4xx")
        .to(gateway.http())
        .assert_refused(404, "upstream_error");
    Ask::get("/5xx")
        .to(gateway.http())
        .assert_refused(500, "upstream_error");
    gateway.stop();
}

/// What a stream of HTTP/2 may have here is less than what is looked at.
#[test]
fn forty_errors_at_once_come_whole_over_http2() {
    const LENGTH: usize = 100_000;
    let origin = H2Origin::playing(|call| async move {
        let head = Response::builder()
            .status(500)
            .header("content-type", "text/html");
        let (_, mut sending) = call.answer(head.body(()).unwrap());
        let _gone = sending.send_data(vec![b'x'; LENGTH].into(), true);
    });
    let text = policy([origin.address()]).upstream("http2 = true").workers(1);
    let gateway = Gateway::start(text);
    let session = Session::open(Proto::H2c, &gateway);
    let asks: Vec<_> = (0..40).map(|at| Ask::get(&format!("/{at}"))).collect();
    let exchanges: Vec<_> = asks.iter().map(|ask| session.start(ask)).collect();
    for exchange in exchanges {
        let answer = exchange.answer();
        assert_eq!((answer.status, answer.body.bytes.len()), (500, LENGTH));
    }
    gateway.stop();
}
