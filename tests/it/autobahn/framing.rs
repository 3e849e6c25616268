//! Sections 1 to 4: sizes, pings and pongs, reserved bits, reserved opcodes.

use super::{BINARY, Case, Chop, FIN, PING, PONG, PROTOCOL_ERROR, TEXT, close, frame, ping, run, text};

#[test]
fn messages_of_every_size() {
    let mut cases = Vec::new();
    for (section, opcode, fill) in [("1.1", TEXT, b'*'), ("1.2", BINARY, 0xfe)] {
        for (number, length) in [0, 125, 126, 127, 128, 65_535, 65_536, 65_536]
            .into_iter()
            .enumerate()
        {
            let payload = vec![fill; length];
            let mut bytes = frame(FIN | opcode, &payload);
            let mut pieces = Vec::new();
            while number == 7 && bytes.len() > 997 {
                let rest = bytes.split_off(997);
                pieces.push(std::mem::replace(&mut bytes, rest));
            }
            pieces.push(bytes);
            let name = format!("{section}.{}", number + 1);
            cases.push(Case::new(name, pieces, Chop::Frames).hears(opcode, payload));
        }
    }
    run(cases);
}

#[test]
fn pings_and_pongs() {
    let binary = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let pong = |payload: &str| frame(FIN | PONG, payload);
    let ten: Vec<String> = (0..10).map(|number| format!("payload-{number}")).collect();
    let ten_pings: Vec<_> = ten.iter().map(ping).collect();
    let answered = |case: Case| ten.iter().fold(case, |case, payload| case.hears(PONG, payload));
    run([
        Case::new("2.1", vec![ping("")], Chop::Whole).hears(PONG, ""),
        Case::new("2.2", vec![ping("Hello, world!")], Chop::Whole).hears(PONG, "Hello, world!"),
        Case::new("2.3", vec![ping(binary)], Chop::Whole).hears(PONG, binary),
        Case::new("2.4", vec![ping([0xfe; 125])], Chop::Whole).hears(PONG, [0xfe; 125]),
        Case::unclosed("2.5", vec![ping([0xfe; 126])], Chop::Whole).closed_with(PROTOCOL_ERROR),
        Case::new("2.6", vec![ping([0xfe; 125])], Chop::Bytes).hears(PONG, [0xfe; 125]),
        Case::new("2.7", vec![pong("")], Chop::Whole),
        Case::new("2.8", vec![pong("unsolicited")], Chop::Whole),
        Case::new("2.9", vec![pong("unsolicited"), ping("ping")], Chop::Frames).hears(PONG, "ping"),
        answered(Case::new("2.10", ten_pings.clone(), Chop::Frames)),
        answered(Case::new("2.11", ten_pings, Chop::Bytes)),
    ]);
}

#[test]
fn reserved_bits() {
    let (small, rsv) = ("small text", |bits: u8, opcode: u8| FIN | bits << 4 | opcode);
    run([
        Case::unclosed("3.1", vec![frame(rsv(1, TEXT), small)], Chop::Whole).closed_with(PROTOCOL_ERROR),
        Case::unclosed(
            "3.2",
            vec![text(small), frame(rsv(2, TEXT), small), ping("")],
            Chop::Whole,
        )
        .hears(TEXT, small)
        .closed_with(PROTOCOL_ERROR),
        Case::unclosed(
            "3.3",
            vec![text(small), frame(rsv(3, TEXT), small), ping("")],
            Chop::Frames,
        )
        .hears(TEXT, small)
        .closed_with(PROTOCOL_ERROR),
        Case::unclosed(
            "3.4",
            vec![text(small), frame(rsv(4, TEXT), small), ping("")],
            Chop::Bytes,
        )
        .hears(TEXT, small)
        .closed_with(PROTOCOL_ERROR),
        Case::unclosed("3.5", vec![frame(rsv(5, BINARY), [0xff; 8])], Chop::Whole)
            .closed_with(PROTOCOL_ERROR),
        Case::unclosed("3.6", vec![frame(rsv(6, PING), "ping")], Chop::Whole).closed_with(PROTOCOL_ERROR),
        Case::unclosed("3.7", vec![frame(rsv(7, super::CLOSE), [])], Chop::Whole).closed_with(PROTOCOL_ERROR),
    ]);
}

#[test]
fn reserved_opcodes() {
    let mut cases = Vec::new();
    for (section, opcodes) in [("4.1", 3..=7_u8), ("4.2", 11..=15)] {
        for (number, opcode) in opcodes.enumerate() {
            let payload = if number % 2 == 0 {
                ""
            } else {
                "reserved opcode payload"
            };
            let odd = frame(FIN | opcode, payload);
            let name = format!("{section}.{}", number + 1);
            let case = if number < 2 {
                Case::unclosed(name, vec![odd], Chop::Whole)
            } else {
                let chop = [Chop::Whole, Chop::Frames, Chop::Bytes][number - 2];
                Case::unclosed(name, vec![text("Hello, world!"), odd, ping("")], chop)
                    .hears(TEXT, "Hello, world!")
            };
            cases.push(case.closed_with(PROTOCOL_ERROR));
        }
    }
    cases.push(Case::unclosed("none", vec![close(1000, "")], Chop::Whole));
    run(cases);
}
