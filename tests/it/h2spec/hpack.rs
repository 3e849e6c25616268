//! Header blocks that cannot be decoded (RFC 7541): an error of the connection, since what follows could not be
//! decoded either. h2 calls it a protocol error where RFC 9113 §4.3 has a code of its own.

use crate::support::frames::{END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, block};

use super::{Case, Checked, PROTOCOL, case, play};

const COMPRESSION: u32 = 9;

/// The connection ends, and nothing was answered.
pub(super) fn undecoded(frames: &mut Frames) {
    let rest = frames.rest();
    assert!(rest.iter().all(|frame| frame.kind != HEADERS), "{rest:?}");
    let goodbye = rest.iter().find(|frame| frame.kind == GOAWAY);
    let goodbye = goodbye.unwrap_or_else(|| panic!("no GOAWAY: {rest:?}"));
    assert!(matches!(goodbye.error(), COMPRESSION | PROTOCOL), "{rest:?}");
}

fn ask(frames: &mut Frames, before: &[u8], after: &[u8]) {
    let block = [before, &block(&GET), after].concat();
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block);
    undecoded(frames);
}

/// `x-test` with this for a value, written in Huffman's code.
fn huffman(frames: &mut Frames, value: &[u8]) {
    let length = 0x80 | u8::try_from(value.len()).unwrap();
    ask(frames, &[], &[b"\0\x06x-test", &[length][..], value].concat());
}

pub(super) static CASES: &[Case] = &[
    case("§2.3.3: an index beyond the tables", Checked, |frames| {
        ask(frames, &[], &[0xc6]);
    }),
    case(
        "§2.3.3: the index of a name beyond the tables",
        Checked,
        |frames| {
            ask(frames, &[], b"\x7f\x07\x04test");
        },
    ),
    case(
        "§4.2: a new size of the table at the end of a block",
        Checked,
        |frames| ask(frames, &[], &[0x21]),
    ),
    case("§5.2: padding of more than seven bits", Checked, |frames| {
        // `a` has five bits; eleven ones follow.
        huffman(frames, &[0b0001_1111, 0xff]);
    }),
    case("§5.2: padding with zeros", Checked, |frames| {
        // `a` has five bits, 00011; three zeros follow.
        huffman(frames, &[0b0001_1000]);
    }),
    case("§5.2: the end of a string within it", Checked, |frames| {
        huffman(frames, &[0xff, 0xff, 0xff, 0xff]);
    }),
    case("§6.1: the index 0", Checked, |frames| ask(frames, &[], &[0x80])),
    case("§6.3: a table larger than allowed", Checked, |frames| {
        // 4097.
        ask(frames, &[0x3f, 0xe2, 0x1f], &[]);
    }),
];

#[test]
fn what_cannot_be_decoded_ends_the_connection() {
    play(CASES);
}
