//! The rules of RFC 9113 and RFC 7541, one case for each thing a client may do right or wrong: a table for each
//! chapter, played over cleartext and TLS; `chapters` says which of them are which of h2spec's. The connection must
//! end, or go on, as the RFC says, and with its code.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::frames::{
    ACK, DATA, END_STREAM, Frame, Frames, GET, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
};
use crate::support::{Certs, Gateway, Origin, Proto, policy};

mod blocks;
mod chapters;
mod control;
mod generic;
mod hpack;
mod messages;
mod shapes;
mod states;
mod windows;

/// The codes of RFC 9113 §7.
const PROTOCOL: u32 = 1;
const FLOW_CONTROL: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE: u32 = 6;
const REFUSED: u32 = 7;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// What a client does and what becomes of it.
struct Case {
    name: &'static str,
    play: fn(&mut Frames),
    then: Then,
}

/// How it must end.
enum Then {
    /// With the answer on this stream: 200, whole.
    Answer(u32),
    /// Not at all: a ping is answered.
    Goes,
    /// With this error of the connection: GOAWAY, and closed.
    Ends(u32),
    /// With one of these errors of the stream, or of the connection (RFC 9113 §5.4.1 lets a server choose).
    Fails(u32, &'static [u32]),
    /// As the play itself has checked.
    Checked,
}

use Then::{Answer, Checked, Ends, Fails, Goes};

const fn case(name: &'static str, then: Then, play: fn(&mut Frames)) -> Case {
    Case { name, play, then }
}

fn play(cases: &[Case]) {
    let origin = Origin::echo();
    let certs = Certs::new();
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&certs)
            // Refused ones would make room for others, sooner or later.
            .and("[defaults]\nmax_inflight_per_client = \"off\""),
    );
    let mut failed = Vec::new();
    for case in cases {
        for proto in [Proto::H2c, Proto::H2Tls] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let mut frames = Frames::over(proto, &gateway);
                (case.play)(&mut frames);
                case.then.check(frames);
            }));
            if outcome.is_err() {
                failed.push(format!("{} ({proto:?})", case.name));
            }
        }
    }
    gateway.stop();
    assert!(failed.is_empty(), "{} cases failed: {failed:#?}", failed.len());
}

impl Then {
    fn check(&self, mut frames: Frames) {
        match self {
            Answer(stream) => whole(&mut frames, *stream),
            Goes => frames.settle(),
            Ends(code) => {
                let rest = frames.rest();
                let goodbye = rest.iter().find(|frame| frame.kind == GOAWAY);
                let goodbye = goodbye.unwrap_or_else(|| panic!("no GOAWAY: {rest:?}"));
                assert_eq!(goodbye.error(), *code, "{rest:?}");
            }
            Fails(stream, codes) => {
                let end = end_of(&mut frames, *stream);
                assert!(codes.contains(&end.error()), "{codes:?}: {end:?}");
            }
            Checked => {}
        }
    }
}

fn is_end(frame: &Frame, stream: u32) -> bool {
    frame.kind == GOAWAY || frame.kind == RST_STREAM && frame.stream == stream
}

/// The frame that ends a stream or all. Whatever comes of it comes before the answer to a second ping.
fn end_of(frames: &mut Frames, stream: u32) -> Frame {
    let (mut seen, mut pongs) = (Vec::new(), 0);
    frames.send(PING, 0, 0, b"and then");
    while let Some(frame) = frames.next() {
        if is_end(&frame, stream) {
            return frame;
        }
        if frame.kind == PING && frame.has(ACK) {
            pongs += 1;
            assert!(pongs < 2, "it goes on: {seen:?}");
            frames.send(PING, 0, 0, b"and then");
        }
        seen.push(frame);
    }
    panic!("closed without a word: {seen:?}");
}

/// The answer on a stream is 200, and whole.
fn whole(frames: &mut Frames, stream: u32) {
    let head = frames.fate(stream).expect("closed before an answer");
    assert_eq!((head.kind, head.status()), (HEADERS, Some(200)), "{head:?}");
    let mut last = head;
    while !last.has(END_STREAM) {
        last = frames.next().expect("closed before the end of an answer");
        assert!(!is_end(&last, stream), "{last:?}");
        assert!(
            !(last.kind == DATA && last.stream == stream && last.payload.is_empty() && !last.has(END_STREAM)),
            "an empty piece"
        );
        if last.stream != stream {
            last.flags &= !END_STREAM;
        }
    }
}

/// Fields of a request, where some are others or one more.
fn with(
    fields: &[(&'static str, &'static str)],
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'static str)> {
    let mut all = fields.to_vec();
    for (name, value) in more {
        match all
            .iter_mut()
            .find(|(known, _)| known == name && name.starts_with(':'))
        {
            Some(slot) => slot.1 = value,
            None => all.push((name, value)),
        }
    }
    all
}

fn post() -> Vec<(&'static str, &'static str)> {
    with(&GET, &[(":method", "POST")])
}

/// A setting.
fn setting(name: u16, value: u32) -> Vec<u8> {
    [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

/// Waits until a setting of ours is confirmed.
fn confirmed(frames: &mut Frames) {
    while !frames.next_of(SETTINGS).has(ACK) {}
}

/// Sends a ping and wants it back.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "written as a byte string")]
fn pong(frames: &mut Frames, payload: &[u8; 8]) {
    frames.send(PING, 0, 0, payload);
    let pong = frames.next_of(PING);
    assert_eq!((pong.has(ACK), &pong.payload[..]), (true, &payload[..]));
}
