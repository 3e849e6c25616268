//! Header blocks and the frames they come in: RFC 9113 §4.3 and §6.10.

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, PRIORITY, block,
};

use super::{Answer, Case, Checked, Ends, PROTOCOL, case, hpack, play, post};

/// Opens stream 1 with the first bytes of a head, and says what is left of it.
fn begun(frames: &mut Frames) -> Vec<u8> {
    let mut block = block(&GET);
    let rest = block.split_off(7);
    frames.send(HEADERS, END_STREAM, 1, &block);
    rest
}

pub(super) static CASES: &[Case] = &[
    case("§4.3: a block that cannot be decoded", Checked, |frames| {
        // A literal that announces more than there is.
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, b"\x00\x14x");
        hpack::undecoded(frames);
    }),
    case("§4.3: PRIORITY within a block", Ends(PROTOCOL), |frames| {
        begun(frames);
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
    }),
    case(
        "§4.3: HEADERS of another stream within a block",
        Ends(PROTOCOL),
        |frames| {
            begun(frames);
            frames.send(HEADERS, END_HEADERS, 3, &block(&GET));
        },
    ),
    case("§6.10: a block in many frames", Answer(1), |frames| {
        let rest = begun(frames);
        let (two, three) = rest.split_at(9);
        frames.send(CONTINUATION, 0, 1, two);
        frames.send(CONTINUATION, END_HEADERS, 1, three);
    }),
    case(
        "§6.10: CONTINUATION, and then something else",
        Ends(PROTOCOL),
        |frames| {
            let rest = begun(frames);
            frames.send(CONTINUATION, 0, 1, &rest);
            frames.send(DATA, END_STREAM, 1, b"test");
        },
    ),
    case("§6.10: CONTINUATION on stream 0", Ends(PROTOCOL), |frames| {
        let rest = begun(frames);
        frames.send(CONTINUATION, END_HEADERS, 0, &rest);
    }),
    case(
        "§6.10: CONTINUATION after the end of a block",
        Ends(PROTOCOL),
        |frames| {
            frames.request(1, &GET, 0);
            frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
        },
    ),
    case(
        "§6.10: CONTINUATION after the last CONTINUATION",
        Ends(PROTOCOL),
        |frames| {
            let rest = begun(frames);
            frames.send(CONTINUATION, END_HEADERS, 1, &rest);
            frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
        },
    ),
    case("§6.10: CONTINUATION after DATA", Ends(PROTOCOL), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, 0, 1, b"test");
        frames.send(CONTINUATION, END_HEADERS, 1, &block(&[("x-more", "1")]));
    }),
];

#[test]
fn header_blocks_come_in_one_piece_or_in_many() {
    play(CASES);
}
