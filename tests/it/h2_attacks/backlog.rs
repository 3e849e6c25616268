//! What lies unread in buffers that other things went through: small pieces of bodies, trailers, fields to be remembered. A
//! client that spreads them thinly has a buffer kept for each.

use super::memory::{MEBIBYTE, connect, measured, weight};
use super::room::{silent, with_queue};
use super::{ENHANCE_YOUR_CALM, ended};
use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, PADDED, WINDOW_UPDATE, block, frame,
};
use crate::support::{Ask, Gate, Gateway, Origin, policy};

/// A kind of frame that nobody knows, and so is read and forgotten (RFC 9113 §5.5).
const UNKNOWN: u8 = 0x77;
/// Nearly a buffer.
const FILL: usize = 8000;

fn post(path: &'static str) -> [(&'static str, &'static str); 4] {
    [(":method", "POST"), GET[1], (":path", path), GET[3]]
}

/// So that what comes next lies in another buffer.
pub(super) fn fill(frames: &mut Frames) {
    frames.send(UNKNOWN, 0, 0, &[0; FILL]);
}

/// What a connection holds that does this while its requests for `/queue` wait.
fn waiting(attack: impl Fn(&mut Frames)) -> usize {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = measured(with_queue(&origin));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let weight = weight(&gateway, |at| {
        let mut frames = connect(&gateway, at);
        attack(&mut frames);
        frames
    });
    gate.open();
    drop(first);
    gateway.stop();
    weight
}

#[test]
fn small_pieces_of_a_body_that_nobody_reads() {
    let weight = waiting(|frames| {
        frames.request(1, &post("/queue"), 0);
        for _ in 0..140 {
            frames.send(DATA, 0, 1, &[b'x'; 256]);
            fill(frames);
        }
    });
    assert!(weight < MEBIBYTE, "{weight} bytes");
}

#[test]
fn many_bodies_of_an_octet_that_nobody_reads() {
    let weight = waiting(|frames| {
        for stream in 0..95 {
            frames.request(2 * stream + 1, &post("/queue"), 0);
            frames.send(DATA, 0, 2 * stream + 1, b"x");
            fill(frames);
        }
    });
    assert!(weight < MEBIBYTE, "{weight} bytes");
}

#[test]
fn small_heads_that_nobody_answers() {
    let weight = waiting(|frames| {
        for stream in 0..95 {
            frames.request(
                2 * stream + 1,
                &[&GET[..2], &[(":path", "/queue"), GET[3]]].concat(),
                END_STREAM,
            );
            fill(frames);
        }
        frames.settle();
    });
    assert!(weight < MEBIBYTE * 2 / 3, "{weight} bytes");
}

#[test]
fn trailers_that_nobody_reads() {
    let fields: Vec<_> = (0..32).map(|at| (format!("x-{at}"), "v".repeat(100))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let weight = waiting(|frames| {
        for stream in 0..95 {
            frames.request(2 * stream + 1, &post("/queue"), 0);
            frames.request(2 * stream + 1, &fields, END_STREAM);
            fill(frames);
        }
    });
    assert!(weight < MEBIBYTE, "{weight} bytes");
}

#[test]
fn trailers_as_large_as_heads_end_the_connection() {
    let (origin, many) = (Origin::echo(), vec![("x", "v"); 33]);
    let gateway = Gateway::start(policy([origin.address()]));
    let large = "v".repeat(4096);
    for fields in [&many[..], &[("x", &large)]] {
        let mut frames = connect(&gateway, 1);
        frames.request(1, &post("/"), 0);
        frames.request(1, fields, END_STREAM);
        let told = ended(frames, &[ENHANCE_YOUR_CALM]);
        assert!(!told.is_empty());
    }
    let mut frames = connect(&gateway, 1);
    frames.request(1, &post("/"), 0);
    frames.request(1, &many[..32], END_STREAM);
    assert_eq!(frames.fate(1).and_then(|frame| frame.status()), Some(200));
    gateway.stop();
}

/// A request for a target that we are to remember; it stays where it was read.
pub(super) fn remembered(frames: &mut Frames, stream: u32, target: &str) -> bool {
    let length = u8::try_from(target.len()).unwrap();
    let remembered = [&[0x44, length], target.as_bytes()].concat();
    let head = [block(&GET[..2]), remembered, block(&[GET[3]])].concat();
    frames.raw(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head))
}

#[test]
fn targets_that_are_to_be_remembered() {
    let weight = waiting(|frames| {
        for at in 0..50 {
            remembered(frames, 2 * at + 1, &format!("/queue?{at}"));
            fill(frames);
        }
    });
    assert!(weight < MEBIBYTE, "{weight} bytes");
}

#[test]
fn who_has_too_many_targets_remembered_is_told_to_end_and_then_ended() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway, 1);
    let mut told = None;
    let mut stream = 1;
    while told.is_none() {
        assert!(stream < 200, "it may go on");
        remembered(&mut frames, stream, &format!("/{stream}"));
        fill(&mut frames);
        let fate = frames.fate(stream).unwrap();
        told = (fate.kind == GOAWAY).then_some(fate);
        stream += 2;
    }
    // It is told by the way, and everything it has asked for is answered.
    assert_eq!(told.unwrap().error(), 0);
    assert!(stream > 60, "after {stream}");
    let answer = frames.next_of(HEADERS);
    assert_eq!((answer.stream, answer.status()), (stream - 2, Some(200)));
    for more in 0..20 {
        remembered(&mut frames, stream + 2 * more, "/more");
        fill(&mut frames);
    }
    ended(frames, &[0, ENHANCE_YOUR_CALM]);
    assert!(
        gateway.metrics().count(
            "portcullis_malformed_requests_total",
            &[("reason", "http2_flood")]
        ) >= 1
    );
    gateway.stop();
}

/// Not in buffers of their own: as any client does.
#[test]
fn a_client_that_has_targets_remembered_goes_on() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway, 1);
    frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    for at in 0..300 {
        remembered(&mut frames, 2 * at + 1, &format!("/{at}"));
        assert_eq!(
            frames.fate(2 * at + 1).and_then(|frame| frame.status()),
            Some(200)
        );
    }
    gateway.stop();
}

/// As gRPC sends them: a message a frame, as many as a socket takes at once.
#[test]
fn small_pieces_that_are_read_come_as_fast_as_they_are_sent() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway, 1);
    for round in 0..4 {
        let stream = 2 * round + 1;
        frames.request(stream, &post("/"), 0);
        let pieces = frame(DATA, 0, stream, &[b'x'; 10]).repeat(2000);
        assert!(frames.raw(&pieces));
        assert!(frames.send(DATA, END_STREAM, stream, b""));
        let fate = frames.fate(stream);
        assert!(
            fate.as_ref().is_some_and(|frame| frame.kind == HEADERS),
            "{round}: {fate:?}"
        );
    }
    gateway.stop();
}

#[test]
fn small_pieces_that_wait_are_all_there_when_they_are_read() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/queue" && call.method == "GET" {
            held.wait();
        }
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    let gateway = Gateway::start(with_queue(&origin));
    let mut first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let mut frames = connect(&gateway, 1);
    frames.request(1, &post("/queue"), 0);
    frames.raw(&frame(DATA, 0, 1, &[b'x'; 10]).repeat(2000));
    frames.send(DATA, END_STREAM, 1, b"end");
    frames.request(3, &GET, END_STREAM);
    gate.open();
    assert_eq!(first.answer().status, 200);
    let mut fates: Vec<_> = (0..2).map(|_| frames.next_of(HEADERS).stream).collect();
    fates.sort_unstable();
    assert_eq!(fates, [1, 3]);
    gateway.stop();
}

#[test]
fn bodies_are_told_apart_whatever_comes_before_and_behind_them() {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = Gateway::start(with_queue(&origin));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let mut frames = connect(&gateway, 1);
    // In one go, as a client does that has much to ask.
    let mut all = Vec::new();
    let health = [GET[0], GET[1], (":path", "/health"), GET[3]];
    for (stream, fields, flags) in [
        (1, &health, END_STREAM),
        (3, &post("/queue"), 0),
        (5, &post("/large"), 0),
    ] {
        all.extend(frame(HEADERS, END_HEADERS | flags, stream, &block(fields)));
    }
    for at in 0..40 {
        all.extend(frame(
            DATA,
            if at == 39 { END_STREAM } else { 0 },
            5,
            &[b'x'; 100],
        ));
    }
    frames.raw(&all);
    assert_eq!(frames.fate(5).and_then(|frame| frame.status()), Some(200));
    gate.open();
    drop(first);
    gateway.stop();
}

#[test]
fn small_pieces_that_are_padded_cannot_be_put_together() {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = Gateway::start(with_queue(&origin));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let mut frames = connect(&gateway, 1);
    frames.request(1, &post("/queue"), 0);
    frames.raw(&frame(DATA, PADDED, 1, &[3, b'x', 0, 0, 0]).repeat(60));
    frames.settle();
    frames.raw(&frame(DATA, PADDED, 1, &[3, b'x', 0, 0, 0]).repeat(60));
    ended(frames, &[ENHANCE_YOUR_CALM]);
    gate.open();
    drop(first);
    gateway.stop();
}

#[test]
fn a_hundred_bodies_that_wait_with_their_trailers_stop_nobody() {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = Gateway::start(with_queue(&origin));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let mut frames = connect(&gateway, 1);
    for stream in 0..95 {
        frames.request(2 * stream + 1, &post("/queue"), 0);
        frames.send(DATA, 0, 2 * stream + 1, b"hello");
        frames.request(2 * stream + 1, &[("x-sum", "1")], END_STREAM);
    }
    frames.settle();
    gate.open();
    drop(first);
    gateway.stop();
}
