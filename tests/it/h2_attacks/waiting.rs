//! Requests that wait, with all that their client has sent of them: large and small heads, bodies in pieces, trailers, targets
//! to be remembered. Each piece may lie in a buffer of its own.

use std::net::SocketAddr;

use super::memory::{BOUND, connect, measured, weight};
use super::{ENHANCE_YOUR_CALM, ended};
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    block, frame,
};
use crate::support::policy::PolicyText;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

const FLOW_CONTROL: u32 = 3;
/// A kind of frame that nobody knows, and so is read and forgotten (RFC 9113 §5.5).
const UNKNOWN: u8 = 0x77;
/// Nearly a buffer.
const FILL: usize = 8000;
/// Frames of 16 KiB that one stream may send before the application takes them.
const WINDOW: usize = 64;

/// A request with as many fields of such a size, in as many frames as it takes.
fn ask(frames: &mut Frames, stream: u32, path: &str, (fields, bytes): (usize, usize)) {
    let own: Vec<_> = (0..fields)
        .map(|at| (format!("x-{at}"), "v".repeat(bytes)))
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

pub(super) fn post(path: &'static str) -> [(&'static str, &'static str); 4] {
    [(":method", "POST"), GET[1], (":path", path), GET[3]]
}

/// So that what comes next lies in another buffer.
pub(super) fn fill(frames: &mut Frames) {
    frames.send(UNKNOWN, 0, 0, &[0; FILL]);
}

/// A request for a target that we are to remember; it stays where it was read.
fn remembered(frames: &mut Frames, stream: u32, target: &str) -> bool {
    let length = u8::try_from(target.len()).unwrap();
    let remembered = [&[0x44, length], target.as_bytes()].concat();
    let head = [block(&GET[..2]), remembered, block(&[GET[3]])].concat();
    frames.raw(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head))
}

/// Answers nothing before the gate opens, but for one path.
fn silent(gate: &Gate) -> Origin {
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
pub(super) fn while_queued(play: impl FnOnce(&Gateway)) {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = measured(with_queue(origin.address(), ""));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    play(&gateway);
    gate.open();
    drop(first);
    gateway.stop();
}

/// A connection that does this while its requests for `/queue` wait holds little.
fn is_light(attack: impl Fn(&mut Frames)) {
    while_queued(|gateway| {
        let weight = weight(gateway, || {
            let mut frames = connect(gateway);
            attack(&mut frames);
            frames
        });
        assert!(weight < BOUND, "{weight} bytes");
    });
}

#[test]
fn small_pieces_of_a_body() {
    is_light(|frames| {
        frames.request(1, &post("/queue"), 0);
        for _ in 0..900 {
            frames.send(DATA, 0, 1, &[b'x'; 256]);
            fill(frames);
        }
    });
}

#[test]
fn many_bodies_of_a_byte() {
    is_light(|frames| {
        for stream in 0..95 {
            frames.request(2 * stream + 1, &post("/queue"), 0);
            frames.send(DATA, 0, 2 * stream + 1, b"x");
            fill(frames);
        }
    });
}

#[test]
fn small_heads() {
    is_light(|frames| {
        for stream in 0..95 {
            ask(frames, 2 * stream + 1, "/queue", (0, 0));
            fill(frames);
        }
        frames.settle();
    });
}

#[test]
fn trailers() {
    let fields: Vec<_> = (0..32).map(|at| (format!("x-{at}"), "v".repeat(100))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    is_light(|frames| {
        for stream in 0..95 {
            frames.request(2 * stream + 1, &post("/queue"), 0);
            frames.request(2 * stream + 1, &fields, END_STREAM);
            fill(frames);
        }
    });
}

#[test]
fn trailers_as_large_as_heads_end_the_connection() {
    let (origin, many) = (Origin::echo(), vec![("x", "v"); 33]);
    let gateway = Gateway::start(policy([origin.address()]));
    let large = "v".repeat(4096);
    for fields in [&many[..], &[("x", &large)]] {
        let mut frames = connect(&gateway);
        frames.request(1, &post("/"), 0);
        frames.request(1, fields, END_STREAM);
        let told = ended(frames, &[ENHANCE_YOUR_CALM]);
        assert!(!told.is_empty());
    }
    let mut frames = connect(&gateway);
    frames.request(1, &post("/"), 0);
    frames.request(1, &many[..32], END_STREAM);
    assert_eq!(frames.fate(1).and_then(|frame| frame.status()), Some(200));
    gateway.stop();
}

#[test]
fn targets_that_are_to_be_remembered() {
    is_light(|frames| {
        for at in 0..95 {
            remembered(frames, 2 * at + 1, &format!("/queue?{at}"));
            fill(frames);
        }
    });
}

#[test]
fn a_client_that_has_targets_remembered_goes_on() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway);
    frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    for at in 0..300 {
        remembered(&mut frames, 2 * at + 1, &format!("/{at}"));
        fill(&mut frames);
        assert_eq!(
            frames.fate(2 * at + 1).and_then(|frame| frame.status()),
            Some(200)
        );
    }
    gateway.stop();
}

#[test]
fn large_heads() {
    for head in [(4, 7000), (90, 300), (90, 1)] {
        let gate = Gate::default();
        let origin = silent(&gate);
        let gateway = measured(policy([origin.address()]));
        let weight = weight(&gateway, || {
            let mut frames = connect(&gateway);
            (0..100).for_each(|stream| ask(&mut frames, 2 * stream + 1, "/", head));
            frames.settle();
            frames
        });
        assert!(weight < BOUND, "{weight} bytes with heads of {head:?}");
        gate.open();
        gateway.stop();
    }
}

#[test]
fn a_hundred_requests_of_a_browser_at_once_are_answered() {
    let gate = Gate::default();
    let origin = silent(&gate);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = connect(&gateway);
    (0..100).for_each(|at| ask(&mut frames, 2 * at + 1, "/", (14, 40)));
    origin.wait_for_calls(100);
    gate.open();
    for _ in 0..100 {
        assert_eq!(frames.next_of(HEADERS).status(), Some(200));
    }
    gateway.stop();
}

#[test]
fn an_upload_that_is_not_taken_leaves_the_others_their_part_of_the_window() {
    while_queued(|gateway| {
        let mut frames = connect(gateway);
        frames.request(1, &post("/queue"), 0);
        (0..WINDOW).for_each(|_| assert!(frames.send(DATA, 0, 1, &[b'x'; 1 << 14])));
        frames.request(3, &post("/large"), 0);
        frames.send(DATA, END_STREAM, 3, &[b'x'; 1 << 14]);
        assert_eq!(frames.fate(3).and_then(|frame| frame.status()), Some(200));
        frames.send(DATA, 0, 1, b"and one more");
        let reset = frames.next_of(RST_STREAM);
        assert_eq!((reset.stream, reset.error()), (1, FLOW_CONTROL));
    });
}

/// Targets that are remembered, bodies that wait, large heads that wait and answers that are not taken, and half a head.
pub(super) fn everything(gateway: &Gateway) -> Frames {
    const BODIES: [u32; 4] = [21, 23, 25, 27];
    let mut frames = connect(gateway);
    for at in 0..7 {
        assert!(remembered(&mut frames, 2 * at + 1, &format!("/health?{at}")));
        fill(&mut frames);
    }
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]);
    for stream in BODIES {
        assert!(frames.request(stream, &post("/queue"), 0));
    }
    for _ in 0..WINDOW / BODIES.len() {
        for stream in BODIES {
            assert!(frames.send(DATA, 0, stream, &[b'x'; 1 << 14]));
        }
    }
    (0..20).for_each(|at| ask(&mut frames, 2 * at + 29, "/", (80, 300)));
    (20..96).for_each(|at| ask(&mut frames, 2 * at + 29, "/large", (0, 0)));
    frames.settle();
    let half = block(&[("x-large", &"x".repeat(15_000))]);
    frames.send(HEADERS, END_STREAM, 1001, &[block(&GET), half].concat());
    drop(connect(gateway));
    frames
}

#[test]
fn everything_at_once() {
    while_queued(|gateway| {
        let weight = weight(gateway, || everything(gateway));
        assert!(weight < BOUND, "{weight} bytes");
    });
}
