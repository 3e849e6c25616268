//! Clients of HTTP/2 that say half of something, or grant nothing, in the clear and under TLS.

use super::clients::start;
use super::costs_nothing;
use super::peers::State;
use crate::support::Proto;
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, PREFACE, SETTINGS, WINDOW_UPDATE, block,
    frame,
};

/// What a client says first; its windows are as large as they can be.
fn greeting() -> Vec<u8> {
    let windows = frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    [PREFACE, &windows, &frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0])].concat()
}

/// The same, with windows of this size for streams and what is granted by itself for the connection.
fn narrow(window: u8) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, window])].concat()
}

fn fields(method: &'static str, path: &'static str) -> Vec<u8> {
    block(&[(":method", method), GET[1], (":path", path), GET[3]])
}

fn get(stream: u32, path: &'static str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &fields("GET", path))
}

fn post(stream: u32, path: &'static str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &fields("POST", path))
}

fn wish() -> Vec<u8> {
    let fields = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        GET[1],
        (":path", "/chat"),
        GET[3],
        ("sec-websocket-version", "13"),
    ];
    frame(HEADERS, END_HEADERS, 1, &block(&fields))
}

fn half(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

fn states(proto: Proto, says: Vec<(&'static str, Vec<u8>, Vec<u8>)>) -> Vec<State> {
    says.into_iter()
        .map(|(name, first, then)| State::new(proto, name, [first, then].concat()))
        .collect()
}

/// What stays while a stream is under way.
pub fn under_way(proto: Proto) -> Vec<State> {
    let mut all = answers(proto);
    all.extend(uploads(proto));
    all
}

fn answers(proto: Proto) -> Vec<State> {
    states(
        proto,
        vec![
            ("no answer yet", greeting(), get(1, "/hold")),
            (
                "half a head behind a stream under way",
                greeting(),
                [get(1, "/hold"), half(&get(3, "/ok"))].concat(),
            ),
            (
                "an open block behind a stream under way",
                greeting(),
                [get(1, "/hold"), frame(HEADERS, 0, 3, &fields("GET", "/ok"))].concat(),
            ),
            ("a window of nothing", narrow(0), get(1, "/endless")),
            ("a window of one", narrow(1), get(1, "/endless")),
            (
                "a connection's window that is used up",
                narrow(0),
                [get(1, "/endless"), frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0, 0, 0])].concat(),
            ),
            (
                "three answers and no windows",
                narrow(0),
                [get(1, "/endless"), get(3, "/endless"), get(5, "/endless")].concat(),
            ),
            ("an unread answer", greeting(), get(1, "/endless")),
            (
                "unread answers",
                greeting(),
                [get(1, "/endless"), get(3, "/endless"), get(5, "/ok")].concat(),
            ),
            ("an event stream between events", greeting(), get(1, "/events")),
        ],
    )
}

fn uploads(proto: Proto) -> Vec<State> {
    let upload = frame(DATA, 0, 1, &[b'x'; 100]);
    // No more than every connection may begin with (RFC 9113 §6.9.2).
    let flood = frame(DATA, 0, 1, &[b'x'; 1 << 14]).repeat(3);
    states(
        proto,
        vec![
            ("a body without a byte", greeting(), post(1, "/read")),
            (
                "half a body",
                greeting(),
                [post(1, "/read"), upload.clone()].concat(),
            ),
            (
                "half a frame of a body",
                greeting(),
                [post(1, "/read"), half(&upload)].concat(),
            ),
            (
                "half a body behind an early answer",
                greeting(),
                [post(1, "/early"), upload].concat(),
            ),
            (
                "a body that nobody reads",
                greeting(),
                [post(1, "/deaf"), flood].concat(),
            ),
            ("an idle WebSocket", greeting(), wish()),
            (
                "half a frame of a WebSocket",
                greeting(),
                [wish(), frame(DATA, 0, 1, &[0x81])].concat(),
            ),
        ],
    )
}

/// What stays before and between streams.
fn between(proto: Proto) -> Vec<State> {
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 9]);
    states(
        proto,
        vec![
            ("half a preface", half(PREFACE), vec![]),
            ("a preface alone", PREFACE.to_vec(), vec![]),
            ("half a frame's head", PREFACE.to_vec(), settings[..4].to_vec()),
            ("half of the settings", PREFACE.to_vec(), settings[..11].to_vec()),
            ("greeted, and nothing", greeting(), vec![]),
            ("a letter of a frame", greeting(), vec![0]),
            ("half a head", greeting(), half(&get(1, "/ok"))),
            (
                "a block that is not over",
                greeting(),
                frame(HEADERS, END_STREAM, 1, &fields("GET", "/ok")),
            ),
            (
                "half a continuation",
                greeting(),
                [
                    frame(HEADERS, END_STREAM, 1, &half(&fields("GET", "/ok"))),
                    frame(CONTINUATION, END_HEADERS, 1, &[0; 40])[..20].to_vec(),
                ]
                .concat(),
            ),
            ("half a ping", greeting(), half(&frame(PING, 0, 0, &[0; 8]))),
            ("an answered stream", greeting(), get(1, "/ok")),
            (
                "half a head behind an answered stream",
                greeting(),
                [get(1, "/ok"), half(&get(3, "/ok"))].concat(),
            ),
            ("an answer of which no byte is granted", narrow(0), get(1, "/ok")),
        ],
    )
}

#[test]
fn clients_in_the_clear() {
    costs_nothing(start, &between(Proto::H2c), |_| {});
    costs_nothing(start, &under_way(Proto::H2c), |_| {});
}

#[test]
fn clients_under_tls() {
    costs_nothing(start, &between(Proto::H2Tls), |_| {});
    costs_nothing(start, &under_way(Proto::H2Tls), |_| {});
}
