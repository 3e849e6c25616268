//! Every way to write a header field (RFC 7541 §6), with and without Huffman's code.

use crate::h2spec::{Answer, Case, case, play};
use crate::support::frames::{END_HEADERS, END_STREAM, Frames, HEADERS};

/// `:method: GET`, `:scheme: http`, `:path: /` by their numbers in the static table, and `:authority` written out.
const START: &[u8] = b"\x82\x86\x84\x01\x0cgateway.test";
/// `user-agent` has this number in the static table.
const USER_AGENT: u8 = 58;
/// `a test`, in Huffman's code (RFC 7541, appendix B).
const HUFFMAN: &[u8] = &[0x84, 0x1a, 0x89, 0x2a, 0x13];
/// `x-test`, likewise.
const NAME: &[u8] = &[0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff];
const PLAIN: &[u8] = b"\x06a test";

fn ask(frames: &mut Frames, parts: &[&[u8]]) {
    let block = [START, &parts.concat()].concat();
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block);
}

/// An index that may take more than its prefix of so many ones.
const fn literal(pattern: u8, prefix: u8) -> [u8; 2] {
    if USER_AGENT < prefix {
        [pattern | USER_AGENT, 0]
    } else {
        [pattern | prefix, USER_AGENT - prefix]
    }
}

const INDEXED: &[u8] = &[0x40 | USER_AGENT];
const WITHOUT: &[u8] = &literal(0, 15);
const NEVER: &[u8] = &literal(0x10, 15);

pub(in crate::h2spec) static CASES: &[Case] = &[
    case("§6.1: an indexed field", Answer(1), |frames| {
        // accept-encoding: gzip, deflate
        ask(frames, &[&[0x90]]);
    }),
    case("§6.2.1: to be indexed, the name by number", Answer(1), |frames| {
        ask(frames, &[INDEXED, PLAIN]);
    }),
    case(
        "§6.2.1: to be indexed, the name by number, Huffman",
        Answer(1),
        |frames| {
            ask(frames, &[INDEXED, HUFFMAN]);
        },
    ),
    case("§6.2.1: to be indexed, a new name", Answer(1), |frames| {
        ask(frames, &[b"\x40\x06x-test", PLAIN]);
    }),
    case(
        "§6.2.1: to be indexed, a new name, Huffman",
        Answer(1),
        |frames| {
            ask(frames, &[&[0x40], NAME, HUFFMAN]);
        },
    ),
    case("§6.2.2: not indexed, the name by number", Answer(1), |frames| {
        ask(frames, &[WITHOUT, PLAIN]);
    }),
    case(
        "§6.2.2: not indexed, the name by number, Huffman",
        Answer(1),
        |frames| {
            ask(frames, &[WITHOUT, HUFFMAN]);
        },
    ),
    case("§6.2.2: not indexed, a new name", Answer(1), |frames| {
        ask(frames, &[b"\0\x06x-test", PLAIN]);
    }),
    case("§6.2.2: not indexed, a new name, Huffman", Answer(1), |frames| {
        ask(frames, &[&[0], NAME, HUFFMAN]);
    }),
    case("§6.2.3: never indexed, the name by number", Answer(1), |frames| {
        ask(frames, &[NEVER, PLAIN]);
    }),
    case(
        "§6.2.3: never indexed, the name by number, Huffman",
        Answer(1),
        |frames| {
            ask(frames, &[NEVER, HUFFMAN]);
        },
    ),
    case("§6.2.3: never indexed, a new name", Answer(1), |frames| {
        ask(frames, &[b"\x10\x06x-test", PLAIN]);
    }),
    case(
        "§6.2.3: never indexed, a new name, Huffman",
        Answer(1),
        |frames| {
            ask(frames, &[&[0x10], NAME, HUFFMAN]);
        },
    ),
    case("§6.3: a new size of the table", Answer(1), |frames| {
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &[&[0x21], START].concat());
    }),
    case("§6.3: a new size of the table, twice", Answer(1), |frames| {
        // First 1, then 4096.
        let sizes = [0x21, 0x3f, 0xe1, 0x1f];
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &[&sizes, START].concat());
    }),
];

#[test]
fn every_way_to_write_a_field_is_read() {
    play(CASES);
}
