//! What lies unread in buffers that other things went through: small pieces of bodies, trailers, fields to be remembered. A
//! client that spreads them thinly has a buffer kept for each.

use super::memory::{MEBIBYTE, connect, measured, weight};
use super::room::while_queued;
use super::{ENHANCE_YOUR_CALM, ended};
use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, WINDOW_UPDATE, block, frame,
};
use crate::support::{Gateway, Origin, policy};

/// A kind of frame that nobody knows, and so is read and forgotten (RFC 9113 §5.5).
const UNKNOWN: u8 = 0x77;
/// Nearly a buffer.
const FILL: usize = 8000;

pub(super) fn post(path: &'static str) -> [(&'static str, &'static str); 4] {
    [(":method", "POST"), GET[1], (":path", path), GET[3]]
}

/// So that what comes next lies in another buffer.
pub(super) fn fill(frames: &mut Frames) {
    frames.send(UNKNOWN, 0, 0, &[0; FILL]);
}

/// What a connection holds that does this while its requests for `/queue` wait.
fn waiting(attack: impl Fn(&mut Frames)) -> usize {
    let mut held = 0;
    while_queued(measured, |gateway| {
        held = weight(gateway, |at| {
            let mut frames = connect(gateway, at);
            attack(&mut frames);
            frames
        });
    });
    held
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
    assert!(weight < MEBIBYTE / 3, "{weight} bytes");
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
    for targets in [50, 107] {
        let weight = waiting(|frames| {
            for at in 0..targets {
                remembered(frames, 2 * at + 1, &format!("/queue?{at}"));
                fill(frames);
            }
        });
        assert!(weight < MEBIBYTE * 3 / 4, "{weight} bytes with {targets}");
    }
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
