//! Nobody can hold a place for ever by not reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::PIECE;
use crate::support::frames::{END_STREAM, Frames, GET, HEADERS, RST_STREAM};
use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

/// Ends once the gateway has hung up, and counts the bytes it got rid of.
fn endless(kind: &'static str) -> (Origin, Gate, Arc<AtomicUsize>) {
    let (gone, sent) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (noticed, counter) = (gone.clone(), Arc::clone(&sent));
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, kind, "").chunked_head());
        let piece = chunk([b'x'; PIECE]);
        while line.send(&piece) {
            counter.fetch_add(PIECE, Ordering::SeqCst);
        }
        noticed.open();
    });
    (origin, gone, sent)
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    for (kind, idle) in [
        (
            "application/octet-stream",
            "[defaults.timeouts]\nclient_stall = \"500ms\"",
        ),
        ("text/event-stream", "[defaults.stream]\nidle = \"500ms\""),
    ] {
        let (origin, gone, _) = endless(kind);
        let text = policy([origin.address()])
            .listener("timeouts = { request_head = \"300ms\" }")
            .and(idle);
        let gateway = Gateway::start(text);
        let mut wire = Ask::get("/").start(gateway.http());
        assert_eq!(wire.head().status, 200);
        assert!(gone.wait(), "the upstream was not told");
        gateway.wait_for_log("the line", |line| line["end"] == "client_stalled");
        drop(wire);
        gateway.stop();
    }
}

#[test]
fn a_client_of_http_2_that_grants_no_window_is_given_up_and_the_others_of_its_connection_are_not() {
    let (origin, gone, _) = endless("application/octet-stream");
    let text = policy([origin.address()]).and("[defaults.timeouts]\nclient_stall = \"500ms\"");
    let gateway = Gateway::start(text);
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &GET, END_STREAM);
    assert_eq!(frames.fate(1).unwrap().kind, HEADERS);
    assert!(gone.wait(), "the upstream was not told");
    while frames.next().unwrap().kind != RST_STREAM {}
    gateway.wait_for_log("the line", |line| line["end"] == "client_stalled");
    let health = [GET[0], GET[1], (":path", "/health"), GET[3]];
    frames.request(3, &health, END_STREAM);
    assert_eq!(frames.fate(3).unwrap().status(), Some(200));
    gateway.stop();
}

#[test]
fn a_client_that_takes_a_little_now_and_then_is_not_given_up() {
    let (origin, _, sent) = endless("application/octet-stream");
    let text = policy([origin.address()])
        .listener("timeouts = { request_head = \"300ms\" }")
        .and("[defaults.timeouts]\nclient_stall = \"1s\"");
    let gateway = Gateway::start(text);
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    let start = Instant::now();
    while Instant::now() < start + Duration::from_secs(3) {
        // So much that the kernel tells the sender of the room that it makes.
        let mut bytes = 0;
        while bytes < 4 << 20 {
            bytes += wire.piece().expect("it was given up").len();
        }
        std::thread::park_timeout(Duration::from_millis(300));
    }
    assert!(sent.load(Ordering::SeqCst) > 4 << 20);
    drop(wire);
    gateway.stop();
}
