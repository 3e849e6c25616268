//! Section 7: how a WebSocket is closed, by which codes, and what comes after the close.

use super::{CLOSE, Case, Chop, FIN, INVALID_PAYLOAD, PROTOCOL_ERROR, TEXT, close, frame, ping, run, text};

fn case(name: impl Into<String>, frames: Vec<Vec<u8>>) -> Case {
    Case::unclosed(name, frames, Chop::Whole)
}

/// A close frame with this payload.
fn closing(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | CLOSE, payload)
}

#[test]
fn what_follows_a_close_is_not_heard() {
    let large = "BAsd7&jh23".repeat(26_214);
    run([
        case("7.1.1", vec![text("Hello World!"), close(1000, "")]).hears(TEXT, "Hello World!"),
        case("7.1.2", vec![close(1000, ""), close(1000, "")]),
        case("7.1.3", vec![close(1000, ""), ping("")]),
        case("7.1.4", vec![close(1000, ""), text("Hello World!")]),
        case(
            "7.1.5",
            vec![frame(TEXT, "fragment1"), close(1000, ""), frame(FIN, "fragment2")],
        ),
        case("7.1.6", vec![text(&large), close(1000, ""), ping("")]).hears(TEXT, &large),
    ]);
}

#[test]
fn a_close_has_a_code_and_a_reason_or_nothing() {
    run([
        case("7.3.1", vec![closing("")]).closed_with(None),
        case("7.3.2", vec![closing("a")]).closed_with(PROTOCOL_ERROR),
        case("7.3.3", vec![close(1000, "")]),
        case("7.3.4", vec![close(1000, "Hello World!")]),
        case("7.3.5", vec![close(1000, &"*".repeat(123))]),
        case("7.3.6", vec![close(1000, &"*".repeat(124))]).closed_with(PROTOCOL_ERROR),
        case("7.5.1", vec![closing(b"\x03\xe8\xce\xba\xed\xa0\x80edited")]).closed_with(INVALID_PAYLOAD),
    ]);
}

#[test]
fn codes_that_may_be_sent_are_sent_back() {
    let codes = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    let numbered = codes.into_iter().enumerate();
    run(numbered.map(|(at, code)| case(format!("7.7.{}", at + 1), vec![close(code, "")]).closed_with(code)));
}

#[test]
fn codes_that_may_not_be_sent_are_a_fault() {
    let codes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535];
    let numbered = codes.into_iter().enumerate();
    run(numbered.map(|(at, code)| {
        case(format!("7.9.{}", at + 1), vec![close(code, "")]).closed_with(PROTOCOL_ERROR)
    }));
}
