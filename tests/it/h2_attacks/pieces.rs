//! Bodies in small pieces, whose readers take them at once, late or not at all: they come out whole, and stop nobody.

use super::memory::connect;
use super::waiting::{post, while_queued, with_queue};
use super::{ENHANCE_YOUR_CALM, ended};
use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, PADDED, RST_STREAM, block, frame,
};
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

/// As gRPC sends them: a message a frame, as many as a socket takes at once.
#[test]
fn small_pieces_that_are_read_come_as_fast_as_they_are_sent() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway);
    for round in 0..4 {
        let stream = 2 * round + 1;
        frames.request(stream, &post("/"), 0);
        let pieces = frame(DATA, 0, stream, &[b'x'; 10]).repeat(20_000);
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

/// Plays before a server that says how many octets each body had. Those for `/queue` wait until the gate opens.
fn counted(play: impl FnOnce(&mut Frames, &Gate)) {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.method == "GET" && call.target == "/queue" {
            held.wait();
        }
        let octets = line.body().bytes.len();
        line.reply(&Reply::text(&octets.to_string()));
    });
    let gateway = Gateway::start(with_queue(origin.address(), ""));
    let mut first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    play(&mut connect(&gateway), &gate);
    assert_eq!(first.answer().status, 200);
    gateway.stop();
}

/// What the answer on this stream says.
fn said(frames: &mut Frames, stream: u32) -> String {
    loop {
        let frame = frames.next().expect("the connection goes on");
        assert_ne!(frame.kind, RST_STREAM, "{frame:?}");
        if frame.kind == DATA && frame.stream == stream {
            return String::from_utf8(frame.payload).unwrap();
        }
    }
}

#[test]
fn small_pieces_that_wait_are_all_there_when_they_are_read() {
    counted(|frames, gate| {
        frames.request(1, &post("/queue"), 0);
        frames.raw(&frame(DATA, 0, 1, &[b'x'; 10]).repeat(2000));
        frames.send(DATA, END_STREAM, 1, b"end");
        frames.request(3, &GET, END_STREAM);
        assert_eq!(said(frames, 3), "0", "nobody waits for them");
        gate.open();
        assert_eq!(said(frames, 1), "20003");
    });
}

#[test]
fn bodies_are_told_apart_whatever_comes_before_and_behind_them() {
    counted(|frames, gate| {
        // In one go, as a client does that has much to ask.
        let mut all = Vec::new();
        for (stream, fields, flags) in [(1, &GET, END_STREAM), (3, &post("/queue"), 0), (5, &post("/"), 0)] {
            all.extend(frame(HEADERS, END_HEADERS | flags, stream, &block(fields)));
        }
        all.extend(frame(DATA, 0, 5, &[b'x'; 100]).repeat(40));
        all.extend(frame(DATA, END_STREAM, 5, b"end"));
        frames.raw(&all);
        assert_eq!(said(frames, 5), "4003");
        frames.send(DATA, END_STREAM, 3, b"and this");
        gate.open();
        assert_eq!(said(frames, 3), "8");
    });
}

#[test]
fn there_is_an_end_to_small_pieces_that_nobody_reads() {
    for piece in [
        frame(DATA, 0, 1, b"x"),
        frame(DATA, PADDED, 1, &[3, b'x', 0, 0, 0]),
    ] {
        while_queued(|gateway| {
            let mut frames = connect(gateway);
            frames.request(1, &post("/queue"), 0);
            frames.raw(&piece.repeat(4000));
            ended(frames, &[ENHANCE_YOUR_CALM]);
            super::counted(gateway, "http2_flood");
        });
    }
}

#[test]
fn a_hundred_bodies_that_wait_with_their_trailers_stop_nobody() {
    while_queued(|gateway| {
        let mut frames = connect(gateway);
        for stream in 0..95 {
            frames.request(2 * stream + 1, &post("/queue"), 0);
            frames.send(DATA, 0, 2 * stream + 1, b"hello");
            frames.request(2 * stream + 1, &[("x-sum", "1")], END_STREAM);
        }
        frames.settle();
    });
}
