//! WebSockets over a stream of HTTP/2 (RFC 8441): the same tunnel, with the other requests of its connection
//! beside it.

use crate::support::chat::{Chat, Ended};
use crate::support::frames::{
    DATA, END_STREAM, Frame, Frames, GET, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use crate::support::{Certs, Gateway, Origin, Proto, policy};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::open_now;

const WISH: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/chat"),
    (":authority", "gateway.test"),
    ("sec-websocket-version", "13"),
];

/// A text message as a client sends it; the mask is of zeros.
fn text(words: &str) -> Vec<u8> {
    let length = u8::try_from(words.len()).unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], words.as_bytes()].concat()
}

fn open(frames: &mut Frames, stream: u32) {
    frames.request(stream, &WISH, 0);
    let answer = frames.fate(stream).unwrap();
    assert_eq!(answer.status(), Some(200), "{answer:?}");
    assert!(!answer.has(END_STREAM));
}

/// The next bytes of the stream, so many at least.
fn hear(frames: &mut Frames, stream: u32, count: usize) -> Vec<u8> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let frame = frames.next().expect("closed");
        assert!(frame.kind != GOAWAY && frame.kind != RST_STREAM, "{frame:?}");
        if frame.kind == DATA && frame.stream == stream {
            heard.extend(frame.payload);
        }
    }
    heard
}

#[track_caller]
fn chat(frames: &mut Frames, stream: u32, words: &str) {
    frames.send(DATA, 0, stream, &text(words));
    let length = u8::try_from(words.len()).unwrap();
    let echo = [&[0x81, length], words.as_bytes()].concat();
    assert_eq!(hear(frames, stream, echo.len()), echo);
}

fn offered(frames: &mut Frames) -> bool {
    let settings = frames.next_of(SETTINGS).payload;
    settings.chunks(6).any(|setting| setting == [0, 8, 0, 0, 0, 1])
}

#[test]
fn a_stream_becomes_a_websocket_and_the_others_go_on() {
    let (chat_room, certs) = (Chat::echo(), Certs::new());
    let gateway = Gateway::start(policy([chat_room.address()]).tls(&certs));
    for (count, proto) in [Proto::H2c, Proto::H2Tls].into_iter().enumerate() {
        let mut frames = Frames::over(proto, &gateway);
        assert!(offered(&mut frames));
        open(&mut frames, 1);
        open(&mut frames, 3);
        chat(&mut frames, 1, "one");
        chat(&mut frames, 3, "three");
        assert_eq!(open_now(&gateway), 2);
        let health = [GET[0], GET[1], (":path", "/health"), GET[3]];
        frames.request(5, &health, END_STREAM);
        assert_eq!(frames.fate(5).unwrap().status(), Some(200));
        chat(&mut frames, 1, "still here");
        // A close frame, and then the end of the stream.
        for stream in [1, 3] {
            frames.send(DATA, 0, stream, &[0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);
            assert_eq!(hear(&mut frames, stream, 4), [0x88, 2, 3, 0xe8]);
            frames.send(DATA, END_STREAM, stream, &[]);
        }
        chat_room.wait_for_ends(2 * (count + 1));
    }
    assert!(
        chat_room
            .ended()
            .iter()
            .all(|end| *end == Ended::Closed(CloseCode::Normal)),
        "{:?}",
        chat_room.ended()
    );
    let line = gateway.wait_for_log("the tunnel's line", |line| line["http_version"] == "HTTP/2");
    assert_eq!(
        (&line["end"], &line["method"]),
        (&"complete".into(), &"GET".into()),
        "{line}"
    );
    gateway.stop();
}

#[test]
fn the_application_sees_a_handshake_like_any_other() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = Frames::open(gateway.http());
    let offer = [
        &WISH[..],
        &[
            ("sec-websocket-protocol", "chat"),
            ("origin", "http://gateway.test"),
        ],
    ]
    .concat();
    frames.request(1, &offer, 0);
    // It did not consent, and its 200 must not pass for one: 502.
    let fate = frames.fate(1).unwrap();
    assert!(fate.kind == HEADERS && fate.status().is_none(), "{fate:?}");
    let line = gateway.wait_for_log("the line", |line| line["path"] == "/chat");
    assert_eq!(
        (&line["status"], &line["refusal"]),
        (&502.into(), &"upstream_invalid".into())
    );
    let call = origin.calls().pop().unwrap();
    assert_eq!((call.method.as_str(), call.target.as_str()), ("GET", "/chat"));
    for (name, value) in [
        ("host", "gateway.test"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("origin", "http://gateway.test"),
    ] {
        assert_eq!(call.head.all(name), [value], "{name}");
    }
    assert_eq!(call.header("sec-websocket-key").unwrap().len(), 24);
    gateway.stop();
}

#[test]
fn no_other_connect_is_taken() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = Frames::open(gateway.http());
    let mut stream = 1;
    for protocol in ["connect-udp", "h2c", "WebSocket", ""] {
        let mut fields = WISH;
        fields[1].1 = protocol;
        frames.request(stream, &fields, 0);
        let fate = frames.fate(stream).unwrap();
        assert!(
            fate.kind != HEADERS || fate.status().is_none(),
            "{protocol:?}: {fate:?}"
        );
        stream += 2;
    }
    frames.request(stream, &GET, END_STREAM);
    assert_eq!(frames.fate(stream).unwrap().status(), Some(200));
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn a_reset_ends_the_websocket_at_the_application() {
    let room = Chat::echo();
    let gateway = Gateway::start(policy([room.address()]));
    let mut frames = Frames::open(gateway.http());
    open(&mut frames, 1);
    chat(&mut frames, 1, "hello");
    frames.send(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    assert_eq!(room.wait_for_ends(1), [Ended::Cut]);
    assert_eq!(line_of_h2(&gateway)["end"], "client_gone");
    frames.settle();
    gateway.stop();
}

#[test]
fn who_grants_no_window_gets_no_more_and_loses_nothing() {
    let room = Chat::echo();
    let gateway = Gateway::start(policy([room.address()]));
    let mut frames = Frames::open(gateway.http());
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 3]);
    frames.settle();
    open(&mut frames, 1);
    frames.send(DATA, 0, 1, &text("hello"));
    assert_eq!(hear(&mut frames, 1, 3), [0x81, 5, b'h']);
    frames.settle();
    frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 100]);
    assert_eq!(hear(&mut frames, 1, 4), b"ello");
    gateway.stop();
}

#[test]
fn a_stop_says_farewell_on_the_stream() {
    let room = Chat::echo();
    let gateway = Gateway::start(policy([room.address()]));
    let mut frames = Frames::open(gateway.http());
    open(&mut frames, 1);
    chat(&mut frames, 1, "hello");
    gateway.terminate();
    let farewell: Vec<Frame> = std::iter::from_fn(|| frames.next())
        .scan(false, |over, frame| {
            let last = frame.kind == DATA;
            (!std::mem::replace(over, last)).then_some(frame)
        })
        .collect();
    assert_eq!(
        farewell.last().unwrap().payload,
        [0x88, 2, 3, 0xe9],
        "{farewell:?}"
    );
    frames.send(DATA, END_STREAM, 1, &[0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]);
    frames.rest();
    assert_eq!(room.wait_for_ends(1), [Ended::Closed(CloseCode::Away)]);
    assert_eq!(gateway.wait().code, Some(0));
}

#[track_caller]
fn line_of_h2(gateway: &Gateway) -> serde_json::Value {
    gateway.wait_for_log("the tunnel's line", |line| line["http_version"] == "HTTP/2")
}

/// Each message is a piece of its stream that lies unread until the tunnel takes it, and few may.
#[test]
fn a_long_talk_is_read_as_it_comes() {
    let chat_room = Chat::echo();
    let gateway = Gateway::start(policy([chat_room.address()]));
    let mut frames = Frames::over(Proto::H2c, &gateway);
    open(&mut frames, 1);
    (0..200).for_each(|_| chat(&mut frames, 1, "hm"));
    drop(frames);
    gateway.stop();
}
