//! Requests as HTTP/2 writes them: RFC 9113 §8.

use crate::support::frames::{DATA, END_HEADERS, END_STREAM, Frames, GET, PUSH_PROMISE, block};

use super::{Case, Ends, Fails, PROTOCOL, case, play, post, with};

const MALFORMED: super::Then = Fails(1, &[PROTOCOL]);

fn ask(frames: &mut Frames, more: &[(&'static str, &'static str)]) {
    frames.request(1, &with(&GET, more), END_STREAM);
}

/// Without one of the four fields.
fn without(frames: &mut Frames, name: &str) {
    let fields: Vec<_> = GET.into_iter().filter(|(known, _)| *known != name).collect();
    frames.request(1, &fields, END_STREAM);
}

/// With one of the four fields twice.
fn twice(frames: &mut Frames, name: &str) {
    let field = GET.into_iter().find(|(known, _)| *known == name).unwrap();
    frames.request(1, &[&[field], &GET[..]].concat(), END_STREAM);
}

pub(super) static CASES: &[Case] = &[
    case("§8.1: trailers that are not the end", MALFORMED, |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, 0, 1, b"test");
        frames.request(1, &[("x-test", "ok")], 0);
    }),
    case("§8.2.1: a name in upper case", MALFORMED, |frames| {
        ask(frames, &[("X-TEST", "ok")]);
    }),
    case("§8.3: an unknown pseudo-header field", MALFORMED, |frames| {
        ask(frames, &[(":test", "ok")]);
    }),
    case("§8.3: a pseudo-header field of answers", MALFORMED, |frames| {
        ask(frames, &[(":status", "200")]);
    }),
    case("§8.3: a pseudo-header field as trailer", MALFORMED, |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, 0, 1, b"test");
        frames.request(1, &[(":method", "200")], END_STREAM);
    }),
    case("§8.3: a pseudo-header field after others", MALFORMED, |frames| {
        let fields = [&[("x-test", "ok")], &GET[..]].concat();
        frames.request(1, &fields, END_STREAM);
    }),
    case("§8.2.2: a field about the connection", MALFORMED, |frames| {
        ask(frames, &[("connection", "keep-alive")]);
    }),
    case("§8.2.2: `te` with anything but `trailers`", MALFORMED, |frames| {
        ask(frames, &[("trailers", "test"), ("te", "trailers, deflate;q=0.5")]);
    }),
    case("§8.3.1: an empty `:path`", MALFORMED, |frames| {
        ask(frames, &[(":path", "")]);
    }),
    case("§8.3.1: no `:method`", MALFORMED, |frames| {
        without(frames, ":method");
    }),
    case("§8.3.1: no `:scheme`", MALFORMED, |frames| {
        without(frames, ":scheme");
    }),
    case("§8.3.1: no `:path`", MALFORMED, |frames| {
        without(frames, ":path");
    }),
    case("§8.3.1: `:method` twice", MALFORMED, |frames| {
        twice(frames, ":method");
    }),
    case("§8.3.1: `:scheme` twice", MALFORMED, |frames| {
        twice(frames, ":scheme");
    }),
    case("§8.3.1: `:path` twice", MALFORMED, |frames| {
        twice(frames, ":path");
    }),
    case(
        "§8.1.1: a length that the one DATA does not have",
        MALFORMED,
        |frames| {
            frames.request(1, &with(&post(), &[("content-length", "1")]), 0);
            frames.send(DATA, END_STREAM, 1, b"test");
        },
    ),
    case(
        "§8.1.1: a length that all DATA do not have",
        MALFORMED,
        |frames| {
            frames.request(1, &with(&post(), &[("content-length", "1")]), 0);
            frames.send(DATA, 0, 1, b"test");
            frames.send(DATA, END_STREAM, 1, b"test");
        },
    ),
    case("§8.4: a client cannot push", Ends(PROTOCOL), |frames| {
        let payload = [&[0, 0, 0, 2], &block(&GET)[..]].concat();
        frames.request(1, &GET, 0);
        frames.send(PUSH_PROMISE, END_HEADERS, 1, &payload);
    }),
];

#[test]
fn malformed_requests_end_their_stream() {
    play(CASES);
}
