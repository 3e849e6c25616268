//! The states of a stream: RFC 9113 §5.1, its numbers (§5.1.1), how many there may be (§5.1.2), and what it
//! depends on (RFC 7540 §5.3.1, which is still read and means nothing).

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE,
    WITH_PRIORITY, block,
};

use super::{CANCEL, Case, Ends, Fails, PROTOCOL, REFUSED, STREAM_CLOSED, case, play, post, whole};

fn reset(frames: &mut Frames) {
    frames.request(1, &post(), 0);
    frames.send(RST_STREAM, 0, 1, &CANCEL);
}

fn closed(frames: &mut Frames) {
    frames.request(1, &GET, END_STREAM);
    whole(frames, 1);
}

pub(super) static CASES: &[Case] = &[
    case("§5.1 idle: DATA", Ends(PROTOCOL), |frames| {
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case("§5.1 idle: RST_STREAM", Ends(PROTOCOL), |frames| {
        frames.send(RST_STREAM, 0, 1, &CANCEL);
    }),
    case("§5.1 idle: WINDOW_UPDATE", Ends(PROTOCOL), |frames| {
        frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 100]);
    }),
    case("§5.1 idle: CONTINUATION", Ends(PROTOCOL), |frames| {
        frames.send(CONTINUATION, END_HEADERS, 1, &block(&GET));
    }),
    case("§5.1 half-closed: DATA", Fails(1, &[STREAM_CLOSED]), |frames| {
        frames.request(1, &GET, END_STREAM);
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case(
        "§5.1 half-closed: HEADERS",
        Fails(1, &[STREAM_CLOSED]),
        |frames| {
            frames.request(1, &GET, END_STREAM);
            frames.request(1, &GET, END_STREAM);
        },
    ),
    case("§5.1 half-closed: CONTINUATION", Ends(PROTOCOL), |frames| {
        frames.request(1, &GET, END_STREAM);
        frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
    }),
    case(
        "§5.1 closed by its reset: DATA",
        Fails(1, &[STREAM_CLOSED]),
        |frames| {
            reset(frames);
            frames.send(DATA, END_STREAM, 1, b"test");
        },
    ),
    case(
        "§5.1 closed by its reset: HEADERS",
        Fails(1, &[STREAM_CLOSED]),
        |frames| {
            reset(frames);
            frames.request(1, &GET, END_STREAM);
        },
    ),
    case(
        "§5.1 closed by its reset: CONTINUATION",
        Ends(PROTOCOL),
        |frames| {
            reset(frames);
            frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
        },
    ),
    case("§5.1 closed: DATA", Ends(STREAM_CLOSED), |frames| {
        closed(frames);
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case("§5.1 closed: HEADERS", Ends(STREAM_CLOSED), |frames| {
        closed(frames);
        frames.request(1, &GET, END_STREAM);
    }),
    case("§5.1 closed: CONTINUATION", Ends(PROTOCOL), |frames| {
        closed(frames);
        frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
    }),
    case("§5.1.1: an even number", Ends(PROTOCOL), |frames| {
        frames.request(2, &GET, END_STREAM);
    }),
    case("§5.1.1: a number lower than the last", Ends(PROTOCOL), |frames| {
        frames.request(5, &GET, END_STREAM);
        frames.request(3, &GET, END_STREAM);
    }),
    case(
        "§5.1.2: more streams than were allowed",
        Fails(201, &[PROTOCOL, REFUSED]),
        |frames| {
            for stream in 0..101 {
                frames.request(2 * stream + 1, &post(), 0);
            }
        },
    ),
    case(
        "§5.3.1: HEADERS that depends on itself",
        Fails(1, &[PROTOCOL]),
        |frames| {
            let payload = [&[0, 0, 0, 1, 255], &block(&GET)[..]].concat();
            frames.send(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, &payload);
        },
    ),
    case(
        "§5.3.1: PRIORITY that depends on itself",
        Fails(1, &[PROTOCOL]),
        |frames| {
            frames.send(PRIORITY, 0, 1, &[0, 0, 0, 1, 255]);
        },
    ),
];

#[test]
fn streams_have_their_states() {
    play(CASES);
}
