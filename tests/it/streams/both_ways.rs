//! Answers that begin while their requests are still being sent: each side goes at its own pace, and each sees it
//! when the other breaks off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::frames::{DATA, END_STREAM, Frames, GET};
use crate::support::origin::Line;
use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, Wire, policy};

const BEGUN: &str =
    "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n";

/// Begins to answer once it has the first piece of a request, goes on as the closure says.
fn early(then: impl Fn(&mut Line) + Send + Sync + 'static) -> Origin {
    Origin::playing(move |_, line| {
        assert!(line.piece().is_some());
        line.send(Reply::text("").chunked_head());
        line.send(chunk("so far"));
        then(line);
    })
}

fn begun(gateway: &Gateway) -> Wire {
    let mut wire = gateway.connect();
    wire.send(BEGUN);
    assert_eq!(wire.head().status, 200);
    wire.piece_with("so far");
    wire
}

#[test]
fn an_answer_that_nobody_reads_yet_does_not_hold_up_its_request() {
    // More than all sockets on the way hold.
    const LENGTH: usize = 32 << 20;
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        let answer = line.send_aside(Reply::text(&"y".repeat(LENGTH)).bytes());
        assert!(line.body().complete, "it was held up");
        answer.join().unwrap();
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"1GiB\""));
    let answer = Ask::post("/", vec![b'x'; LENGTH]).to(gateway.http());
    assert_eq!((answer.status, answer.body.bytes.len()), (200, LENGTH));
    assert!(answer.body.complete);
    gateway.stop();
}

#[test]
fn whoever_sends_on_is_heard_after_the_answer_began() {
    let origin = early(|line| {
        while let Some(piece) = line.piece() {
            line.send(chunk(piece));
        }
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = begun(&gateway);
    for word in ["one", "two", "three"] {
        wire.send(chunk(word));
        wire.piece_with(word);
    }
    wire.send("0\r\n\r\n");
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn a_client_that_leaves_in_the_middle_of_both_ends_both() {
    let gone = Gate::default();
    let noticed = gone.clone();
    let origin = early(move |line| {
        line.wait_for_close();
        noticed.open();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    drop(begun(&gateway));
    assert!(gone.wait(), "the upstream was not told");
    gateway.stop();
}

#[test]
fn a_request_that_breaks_off_while_it_is_answered_is_no_whole_one() {
    let (whole, over) = (Arc::new(AtomicBool::new(true)), Gate::default());
    let (seen, told) = (Arc::clone(&whole), over.clone());
    let origin = early(move |line| {
        seen.store(line.body().complete, Ordering::SeqCst);
        told.open();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = begun(&gateway);
    wire.send("6\r\nand");
    wire.finish_sending();
    assert!(over.wait());
    assert!(!whole.load(Ordering::SeqCst));
    assert!(!wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn an_answer_that_breaks_off_before_its_request_is_sent_is_seen_as_far_as_it_came() {
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        line.send([Reply::text("").chunked_head(), chunk("so far")].concat());
        line.close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = begun(&gateway);
    let rest = wire.rest_of_body();
    assert!(rest.bytes.is_empty() && !rest.complete);
    gateway.stop();
}

#[test]
fn a_request_is_sent_with_its_last_byte_though_its_stream_stays_open() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).workers(1));
    let mut frames = Frames::open(gateway.http());
    let post = [
        (":method", "POST"),
        GET[1],
        GET[2],
        GET[3],
        ("content-length", "4"),
    ];
    for stream in [1, 3] {
        frames.request(stream, &post, 0);
        frames.send(DATA, 0, stream, b"body");
        assert_eq!(frames.fate(stream).unwrap().status(), Some(200));
    }
    frames.request(5, &GET, END_STREAM);
    assert_eq!(frames.fate(5).unwrap().status(), Some(200));
    let connections: Vec<_> = origin.calls().iter().map(|call| call.connection).collect();
    assert_eq!(connections, [0, 0, 0], "its connection was good for another");
    gateway.stop();
}
