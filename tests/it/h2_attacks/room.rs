//! What requests of one connection may hold together: as many as there are streams where they are small, and no more of
//! large ones than a mebibyte has room for, whatever else the connection does meanwhile.

use std::net::SocketAddr;

use super::backlog::{fill, post, remembered};
use super::memory::{MEBIBYTE, connect, measured, weight};
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, RST_STREAM, SETTINGS, block, frame,
};
use crate::support::policy::PolicyText;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

const REFUSED: u32 = 7;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const FLOW_CONTROL: u32 = 3;

/// A request with as many fields of such a size, in as many frames as it takes.
fn ask(frames: &mut Frames, stream: u32, path: &str, (fields, octets): (usize, usize)) {
    let own: Vec<_> = (0..fields)
        .map(|at| (format!("x-{at}"), "v".repeat(octets)))
        .collect();
    let mut all = GET.to_vec();
    all[2] = (":path", path);
    all.extend(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let head = block(&all);
    let mut pieces = head.chunks(1 << 14).peekable();
    let mut kind = HEADERS;
    while let Some(piece) = pieces.next() {
        let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        let ends = if kind == HEADERS { END_STREAM } else { 0 };
        frames.raw(&frame(kind, last | ends, stream, piece));
        kind = CONTINUATION;
    }
}

/// Answers nothing before the gate opens, but for one path.
pub(super) fn silent(gate: &Gate) -> Origin {
    let held = gate.clone();
    let large = Reply::new(200, "application/octet-stream", vec![b'x'; 512 << 10]).bytes();
    Origin::playing(move |call, line| {
        if call.target == "/large" {
            line.send(&large);
        } else {
            held.wait();
            line.reply(&Reply::text("done"));
        }
    })
}

/// What became of so many requests: how many were answered with 200, and how many refused.
fn fates(frames: &mut Frames, requests: usize) -> (usize, usize) {
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < requests {
        let frame = frames.next().expect("the connection goes on");
        match frame.kind {
            HEADERS => {
                assert_eq!(frame.status(), Some(200));
                answered += 1;
            }
            RST_STREAM => {
                assert_eq!(frame.error(), REFUSED);
                refused += 1;
            }
            _ => {}
        }
    }
    (answered, refused)
}

#[test]
fn a_hundred_small_requests_at_once_are_answered_and_sixty_five_of_a_browser() {
    for (requests, head) in [(100, (2, 40)), (65, (14, 40))] {
        let gate = Gate::default();
        let origin = silent(&gate);
        let gateway = Gateway::start(policy([origin.address()]));
        let mut frames = connect(&gateway, 1);
        (0..requests).for_each(|at| ask(&mut frames, 2 * at + 1, "/", head));
        origin.wait_for_calls(requests as usize);
        gate.open();
        assert_eq!(fates(&mut frames, requests as usize), (requests as usize, 0));
        gateway.stop();
    }
}

#[test]
fn requests_beyond_the_room_are_refused_and_room_that_is_given_back_is_used() {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway, 1);
    (0..50).for_each(|at| ask(&mut frames, 2 * at + 1, "/", (4, 7000)));
    let (mut refused, mut first) = (0, 0);
    while refused < 20 {
        let frame = frames.next_of(RST_STREAM);
        assert_eq!(frame.error(), REFUSED);
        (refused, first) = (refused + 1, if first == 0 { frame.stream } else { first });
    }
    assert!(first > 20, "stream {first}");
    let counted = gateway
        .metrics()
        .count("portcullis_malformed_requests_total", &[("reason", "http2_room")]);
    assert!(counted >= 20, "{counted}");
    frames.send(RST_STREAM, 0, 1, &CANCEL);
    frames.send(RST_STREAM, 0, 3, &CANCEL);
    frames.settle();
    ask(&mut frames, 1001, "/large", (4, 7000));
    assert_eq!(frames.fate(1001).and_then(|frame| frame.status()), Some(200));
    gate.open();
    gateway.stop();
}

#[test]
fn large_heads_that_nobody_answers() {
    let gate = Gate::default();
    let origin = silent(&gate);
    for head in [(4, 7000), (90, 300), (90, 1)] {
        let gateway = measured(policy([origin.address()]));
        let weight = weight(&gateway, |at| {
            let mut frames = connect(&gateway, at);
            (0..100).for_each(|stream| ask(&mut frames, 2 * stream + 1, "/", head));
            frames.settle();
            frames
        });
        assert!(weight < MEBIBYTE, "{weight} bytes with heads of {head:?}");
        drop(gateway);
    }
    gate.open();
}

/// Where requests for one path wait with what they have sent, as soon as there is one before them.
pub(super) fn with_queue(origin: SocketAddr, terms: &str) -> PolicyText {
    let lines = r#"
[upstreams.queue]
servers = ["http://ORIGIN"]
TERMS
max_inflight = 1
queue = { timeout = "60s" }
[[routes]]
name = "queue"
match = { path = "/queue" }
upstream = "queue"
[[routes]]
name = "all"
match = { path = "/*" }
upstream = "backend"
"#;
    let lines = lines.replace("ORIGIN", &origin.to_string());
    policy([origin])
        .upstream(terms)
        .and(&lines.replace("TERMS", terms))
}

/// Plays while all requests for `/queue` wait behind one.
pub(super) fn while_queued(start: impl FnOnce(PolicyText) -> Gateway, play: impl FnOnce(&Gateway)) {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = start(with_queue(origin.address(), ""));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    play(&gateway);
    gate.open();
    drop(first);
    gateway.stop();
}

#[test]
fn an_upload_that_is_not_taken_leaves_the_others_their_part_of_the_window() {
    while_queued(Gateway::start, |gateway| {
        let mut frames = connect(gateway, 1);
        let post = |path| [(":method", "POST"), GET[1], (":path", path), GET[3]];
        frames.request(1, &post("/queue"), 0);
        (0..5).for_each(|_| assert!(frames.send(DATA, 0, 1, &[b'x'; 1 << 14])));
        frames.request(3, &post("/large"), 0);
        frames.send(DATA, END_STREAM, 3, &[b'x'; 1 << 14]);
        assert_eq!(frames.fate(3).and_then(|frame| frame.status()), Some(200));
        frames.send(DATA, 0, 1, b"and one more");
        let reset = frames.next_of(RST_STREAM);
        assert_eq!((reset.stream, reset.error()), (1, FLOW_CONTROL));
    });
}

/// Targets that are remembered, bodies that wait, so many large heads that wait and answers that are not taken, and half a
/// head: all that the room is for.
pub(super) fn everything(
    gateway: &Gateway,
    at: u8,
    bodies: impl Fn(&mut Frames, [u32; 4]),
    (heads, answers): (u32, u32),
) -> Frames {
    const BODIES: [u32; 4] = [21, 23, 25, 27];
    let mut frames = connect(gateway, at);
    for at in 0..7 {
        assert!(remembered(&mut frames, 2 * at + 1, &format!("/health?{at}")));
        fill(&mut frames);
    }
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]);
    for stream in BODIES {
        assert!(frames.request(stream, &post("/queue"), 0));
    }
    bodies(&mut frames, BODIES);
    (0..heads).for_each(|at| ask(&mut frames, 2 * at + 29, "/", (80, 300)));
    (heads..heads + answers).for_each(|at| ask(&mut frames, 2 * at + 29, "/large", (0, 0)));
    frames.settle();
    let half = block(&[("x-large", &"x".repeat(15_000))]);
    frames.send(HEADERS, END_STREAM, 1001, &[block(&GET), half].concat());
    drop(connect(gateway, at));
    frames
}

/// All that may be sent of them at once.
pub(super) fn whole(frames: &mut Frames, streams: [u32; 4]) {
    (0..6).for_each(|at| assert!(frames.send(DATA, 0, streams[at % 4], &[b'x'; 1 << 14])));
}

#[test]
fn everything_at_once() {
    while_queued(measured, |gateway| {
        let weight = weight(gateway, |at| everything(gateway, at, whole, (10, 86)));
        assert!(weight < MEBIBYTE, "{weight} bytes");
    });
}
