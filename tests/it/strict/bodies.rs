//! Chunked bodies that are none: refused while the upstream waits for their end, and never passed off as whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{SMUGGLED, listener_of};
use crate::support::Origin;

const HEAD: &str = "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What follows the head, and the fault in it.
const BODIES: &[(&str, &str)] = &[
    ("zz\r\nbody\r\n0\r\n\r\n", "chunk_size"),
    ("\r\n0\r\n\r\n", "chunk_size"),
    ("-1\r\n", "chunk_size"),
    ("+1\r\nx\r\n", "chunk_size"),
    ("0x1\r\nx\r\n", "chunk_size"),
    (" 1\r\nx\r\n", "chunk_size"),
    ("1 \r\nx\r\n", "chunk_size"),
    ("1\t\r\nx\r\n", "chunk_size"),
    ("1 1\r\nx\r\n", "chunk_size"),
    ("1,\r\nx\r\n", "chunk_size"),
    ("fffffffffffffffff\r\n", "chunk_size"),
    ("10000000000000000\r\n", "chunk_size"),
    ("0000000000000000001\r\n", "chunk_size"),
    ("1\nx\r\n0\r\n\r\n", "bare_lf"),
    ("1\rx\r\n0\r\n\r\n", "bare_cr"),
    ("1;a\nx\r\n0\r\n\r\n", "bare_lf"),
    ("1;a\rb\r\nx\r\n0\r\n\r\n", "bare_cr"),
    ("1;a\0\r\nx\r\n0\r\n\r\n", "control_byte"),
    ("4\r\nbodyXX0\r\n\r\n", "chunk_end"),
    ("4\r\nbody\n0\r\n\r\n", "chunk_end"),
    ("4\r\nbody\r0\r\n\r\n", "chunk_end"),
    ("4\r\nbo\r\n0\r\n\r\n", "chunk_end"),
    ("0\r\nX : y\r\n\r\n", "trailer"),
    ("0\r\nno colon\r\n\r\n", "trailer"),
    ("0\r\nX: y\r\n folded\r\n\r\n", "trailer"),
    ("0\r\nX: \0\r\n\r\n", "control_byte"),
    ("0\r\nX: y\n\r\n", "bare_lf"),
    ("0\r\n\n", "bare_lf"),
    ("0\r\n\rX", "bare_cr"),
];

/// Reads what comes of each request; counts those that were whole.
fn counting() -> (Origin, Arc<AtomicUsize>) {
    let whole = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&whole);
    let origin = Origin::playing(move |_, line| {
        if line.body().complete {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (origin, whole)
}

#[test]
fn each_broken_body_is_refused_and_ends_the_connection() {
    let (origin, whole) = counting();
    let gateway = listener_of(&origin);
    let long = "x".repeat(300);
    let many = format!("1;{}\r\nx\r\n", &long[..250]).repeat(40);
    let fields = "X: y\r\n".repeat(21);
    let bounds = [
        (format!("1;{long}\r\nx\r\n"), "chunk_extension"),
        (many, "chunk_extension"),
        (format!("0\r\nX: {}", long.repeat(40)), "trailers_too_large"),
        (format!("0\r\n{fields}\r\n"), "trailers_too_large"),
    ];
    let all = BODIES.iter().map(|(body, reason)| ((*body).to_owned(), *reason));
    for (body, reason) in all.chain(bounds) {
        let before = gateway
            .metrics()
            .count("portcullis_malformed_requests_total", &[("reason", reason)]);
        let mut wire = gateway.connect();
        wire.try_send([HEAD, "5\r\nsound\r\n", &body, SMUGGLED].concat());
        let answer = wire.answer();
        answer.assert_refused(400, "body_invalid");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(wire.is_closed(), "{body:?}");
        let after = gateway
            .metrics()
            .count("portcullis_malformed_requests_total", &[("reason", reason)]);
        assert_eq!(after, before + 1, "{body:?} is not counted as `{reason}`");
    }
    assert!(origin.calls().iter().all(|call| call.target == "/"));
    assert_eq!(
        whole.load(Ordering::SeqCst),
        0,
        "a broken body was passed off as whole"
    );
    gateway.stop();
}

#[test]
fn wherever_a_broken_body_is_cut_it_is_refused() {
    let (origin, whole) = counting();
    let gateway = listener_of(&origin);
    for (body, reason) in BODIES {
        for place in 1..body.len() {
            let (before, after) = body.split_at(place);
            let mut wire = gateway.connect();
            wire.try_send([HEAD, before].concat());
            wire.try_send(after);
            wire.try_send(SMUGGLED);
            let answer = wire.answer();
            answer.assert_refused(400, "body_invalid");
            assert!(wire.is_closed(), "{body:?} ({reason}) cut at {place}");
        }
    }
    assert!(origin.calls().iter().all(|call| call.target == "/"));
    assert_eq!(
        whole.load(Ordering::SeqCst),
        0,
        "a broken body was passed off as whole"
    );
    gateway.stop();
}

#[test]
fn what_follows_the_last_chunk_is_the_next_request_or_refused() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let mut wire = gateway.connect();
    wire.send([HEAD, "4\r\nbody\r\n0\r\n\r\n", "excess\r\n", SMUGGLED].concat());
    assert_eq!(wire.answer().json()["body"], "body");
    wire.answer().assert_refused(400, "request_malformed");
    assert!(wire.is_closed());
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}
