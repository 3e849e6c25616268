//! Bodies flow through: nothing is held back until the end, and nothing is taken in faster than it is taken off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

#[test]
fn a_large_body_passes_unchanged_both_ways() {
    let origin = Origin::playing(|_, line| {
        let body = line.body();
        line.reply(&Reply::new(200, "application/octet-stream", body.bytes));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let body: Vec<u8> = (0_u32..1_000_000).flat_map(u32::to_le_bytes).collect();
    let answer = Ask::post("/", &body).to(gateway.http());
    assert!(answer.body.complete && answer.body.bytes == body);
    gateway.stop();
}

#[test]
fn events_arrive_before_the_next_is_sent() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        for number in 0..5 {
            assert!(held.wait());
            line.send(chunk(format!("data: {number}\n\n")));
        }
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = Ask::get("/events").start(gateway.http());
    assert_eq!(wire.head().header("content-type"), Some("text/event-stream"));
    for number in 0..5 {
        gate.pass_one();
        wire.piece_with(&format!("data: {number}\n\n"));
    }
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn a_client_that_does_not_read_stops_the_upstream_from_sending() {
    const PIECE: usize = 64 * 1024;
    const MOST: usize = 32 * 1024 * 1024;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let origin = Origin::playing(move |_, line| {
        line.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MOST * 4));
        while counter.load(Ordering::SeqCst) < MOST * 4 && line.send([b'x'; PIECE]) {
            counter.fetch_add(PIECE, Ordering::SeqCst);
        }
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    let mut before = usize::MAX;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        std::thread::park_timeout(Duration::from_millis(300));
    }
    assert!(before < MOST, "{before} bytes were taken in while nobody read");
    assert_eq!(wire.rest_of_body().bytes.len(), MOST * 4);
    gateway.stop();
}
