//! Frames that ask for nothing and are answered or looked at all the same.

use super::{ENHANCE_YOUR_CALM, attack, counted, ended, flood};
use crate::support::Origin;
use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE,
};

/// More than any of them may come to. Each is a few bytes, so that sockets hold many.
const MOST: usize = 1_000_000;

fn cut(send: impl Fn(&mut Frames, usize) -> bool) {
    attack(Origin::echo, |_, gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        let sent = flood(&mut frames, MOST, &send);
        assert!(sent < MOST, "all of it was listened to");
        ended(frames, &[ENHANCE_YOUR_CALM]);
        counted(gateway, "http2_flood");
    });
}

#[test]
fn settings() {
    cut(|frames, _| frames.send(SETTINGS, 0, 0, &[]));
    cut(|frames, at| frames.send(SETTINGS, 0, 0, &[0, 4, 0, u8::from(at % 2 == 0), 0, 9]));
}

#[test]
fn pings() {
    cut(|frames, _| frames.send(PING, 0, 0, b"12345678"));
    cut(|frames, _| frames.send(PING, 1, 0, b"12345678"));
}

#[test]
fn priorities() {
    cut(|frames, at| {
        let stream = u32::try_from(2 * at + 1).unwrap();
        frames.send(PRIORITY, 0, stream, &[0, 0, 0, 0, 255])
    });
    cut(|frames, _| frames.send(16, 0, 0, b"\0\0\0\x01u=1"));
}

#[test]
fn windows() {
    cut(|frames, _| frames.send(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]));
    cut(|frames, at| {
        if at == 0 {
            frames.request(1, &GET, 0);
        }
        frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])
    });
}

#[test]
fn resets_of_a_stream_that_is_closed() {
    cut(|frames, at| {
        if at == 0 {
            frames.request(1, &GET, END_STREAM);
        }
        frames.send(RST_STREAM, 0, 1, &[0, 0, 0, 8])
    });
}

#[test]
fn empty_data() {
    cut(|frames, at| {
        if at == 0 {
            frames.request(1, &GET, 0);
        }
        frames.send(DATA, 0, 1, &[])
    });
    cut(|frames, at| {
        if at == 0 {
            frames.request(1, &GET, 0);
        }
        frames.send(DATA, PADDED, 1, &[0])
    });
}

#[test]
fn goaways_and_the_unknown() {
    cut(|frames, at| {
        // Without a stream the first one would end the connection in peace.
        if at == 0 {
            frames.request(1, &GET, 0);
        }
        frames.send(GOAWAY, 0, 0, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])
    });
    cut(|frames, _| frames.send(0xEE, 0, 0, b"what is this?"));
    cut(|frames, at| {
        let stream = u32::try_from(at).unwrap();
        frames.send(0xEE, 0xFF, stream, &[])
    });
}

#[test]
fn streams_beyond_the_limit() {
    attack(Origin::echo, |_, gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        let sent = flood(&mut frames, 100_000, |frames, at| {
            let stream = u32::try_from(2 * at + 1).unwrap();
            let post = [&[(":method", "POST")], &GET[1..]].concat();
            let block = crate::support::frames::block(&post);
            frames.send(HEADERS, END_HEADERS, stream, &block)
        });
        assert!(sent < 100_000, "all of it was listened to");
        ended(frames, &[ENHANCE_YOUR_CALM]);
        counted(gateway, "http2_flood");
    });
}
