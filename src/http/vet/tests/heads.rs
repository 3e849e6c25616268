//! Heads that are wrong, and what is said of them.

use super::{OK, fault_of, passes, read};
use crate::http::vet::{Asked, Fault, Rules};

#[test]
fn what_is_wrong_is_named() {
    for (answer, fault) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", Fault::StatusLine),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP 200 OK\r\n\r\n", Fault::StatusLine),
        ("ICY 200 OK\r\n\r\n", Fault::StatusLine),
        ("http/1.1 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 2x0 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 099 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 200\tOK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.12 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/2.0 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/1.2 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/0.9 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Fault::Control),
        ("HTTP/1.1 200 OK\n\r\n", Fault::LineEnd),
        ("HTTP/1.1 200 OK\rx\r\n\r\n", Fault::LineEnd),
    ] {
        assert_eq!(
            fault_of(Asked::Plain, answer.as_bytes()),
            Some(fault),
            "{answer:?}"
        );
    }
}

fn wrong(lines: &str, fault: Fault) {
    let answer = format!("{OK}{lines}");
    assert_eq!(
        fault_of(Asked::Plain, answer.as_bytes()),
        Some(fault),
        "{answer:?}"
    );
}

/// Lines that are no fields, and what is wrong with them.
const WRONG: &[(&str, Fault)] = &[
    ("x: a\0b\r\n\r\n", Fault::Control),
    ("x: a\x7fb\r\n\r\n", Fault::Control),
    ("x\x01: a\r\n\r\n", Fault::Control),
    ("x: a\nb: c\r\n\r\n", Fault::LineEnd),
    ("x: a\rb: c\r\n\r\n", Fault::LineEnd),
    ("x: a\r\n\rb\r\n\r\n", Fault::LineEnd),
    ("x : a\r\n\r\n", Fault::FieldName),
    (": a\r\n\r\n", Fault::FieldName),
    ("no colon\r\n\r\n", Fault::FieldName),
    ("x\r\n\r\n", Fault::FieldName),
    ("x\u{e4}: a\r\n\r\n", Fault::FieldName),
    ("x: a\r\n folded\r\n\r\n", Fault::Folded),
    (" x: a\r\n\r\n", Fault::Folded),
];

#[test]
fn what_is_wrong_in_a_field_is_named() {
    for (lines, fault) in WRONG {
        wrong(lines, *fault);
    }
}

#[test]
fn a_length_is_told_once_and_in_digits() {
    for (lines, fault) in [
        (
            "content-length: 1\r\ncontent-length: 2\r\n\r\nxx",
            Fault::ContentLength,
        ),
        (
            "content-length: 1\r\ncontent-length: 1\r\n\r\nx",
            Fault::ContentLength,
        ),
        ("content-length: 1, 1\r\n\r\nx", Fault::ContentLength),
        ("content-length: 01\r\n\r\nx", Fault::ContentLength),
        ("content-length: 00\r\n\r\n", Fault::ContentLength),
        ("content-length: 1 1\r\n\r\nx", Fault::ContentLength),
        ("content-length: +1\r\n\r\nx", Fault::ContentLength),
        ("content-length: -1\r\n\r\nx", Fault::ContentLength),
        ("content-length: 0x1\r\n\r\nx", Fault::ContentLength),
        ("content-length:\r\n\r\nx", Fault::ContentLength),
        (
            "content-length: 9223372036854775808\r\n\r\nx",
            Fault::ContentLength,
        ),
        (
            "content-length: 99999999999999999999\r\n\r\nx",
            Fault::ContentLength,
        ),
    ] {
        wrong(lines, fault);
    }
}

#[test]
fn chunked_is_the_only_coding_and_the_only_framing() {
    for (lines, fault) in [
        ("transfer-encoding: gzip\r\n\r\n", Fault::TransferEncoding),
        (
            "transfer-encoding: gzip, chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
        (
            "transfer-encoding: chunked, chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
        ("transfer-encoding: chunked;x\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chunke\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chun ked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: xchunked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: \r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: \x0bchunked\r\n\r\n", Fault::TransferEncoding),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n",
            Fault::TwoFramings,
        ),
    ] {
        wrong(lines, fault);
    }
    let old = b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(fault_of(Asked::Plain, old), Some(Fault::TransferEncoding));
}

#[test]
fn a_head_and_all_heads_together_end() {
    let fields = |count: usize| format!("{OK}{}content-length: 0\r\n\r\n", "x: y\r\n".repeat(count));
    passes(Asked::Plain, &fields(199));
    assert_eq!(
        fault_of(Asked::Plain, fields(200).as_bytes()),
        Some(Fault::TooManyFields)
    );
    let long = format!("{OK}x: {}", "y".repeat(Rules::default().max_head));
    assert_eq!(fault_of(Asked::Plain, long.as_bytes()), Some(Fault::HeadTooLarge));
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    passes(Asked::Plain, &(interim.repeat(64) + &fields(0)));
    assert_eq!(
        fault_of(Asked::Plain, interim.repeat(65).as_bytes()),
        Some(Fault::Interim)
    );
    let large = format!("HTTP/1.1 103 x\r\nlink: {}\r\n\r\n", "y".repeat(60_000));
    assert_eq!(
        fault_of(Asked::Plain, large.repeat(5).as_bytes()),
        Some(Fault::Interim)
    );
    for lines in ["content-length: 1\r\n", "transfer-encoding: chunked\r\n"] {
        let bodied = format!("HTTP/1.1 103 x\r\n{lines}\r\n");
        assert_eq!(
            fault_of(Asked::Plain, bodied.as_bytes()),
            Some(Fault::BodyForbidden)
        );
    }
}

#[test]
fn only_who_was_asked_may_switch() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x7f\x00\0\r";
    assert_eq!(fault_of(Asked::Plain, switch.as_bytes()), Some(Fault::Switch));
    let (all, vet) = read(Asked::Switch, [switch.as_bytes()]);
    assert_eq!(all, Ok(switch.len()));
    assert!(!vet.is_at_rest());
}
