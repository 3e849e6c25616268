//! What every server must take: each kind of frame, used as it is meant to be.

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, WITH_PRIORITY, block,
};

use super::{Answer, CANCEL, Case, Checked, Goes, case, confirmed, play, pong, post, setting, whole, with};

pub(super) mod hpack;

pub(super) static CASES: &[Case] = &[
    case(
        "§3.4: a preface and SETTINGS begin a connection",
        Checked,
        |frames| {
            confirmed(frames);
        },
    ),
    case("§5.1: PRIORITY on an idle stream", Answer(1), |frames| {
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
        frames.request(1, &GET, END_STREAM);
    }),
    case(
        "§5.1: WINDOW_UPDATE on a half-closed stream",
        Answer(1),
        |frames| {
            frames.request(1, &GET, END_STREAM);
            frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
        },
    ),
    case("§5.1: PRIORITY on a half-closed stream", Answer(1), |frames| {
        frames.request(1, &GET, END_STREAM);
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
    }),
    case("§5.1: RST_STREAM on a half-closed stream", Goes, |frames| {
        frames.request(1, &GET, END_STREAM);
        frames.send(RST_STREAM, 0, 1, &CANCEL);
    }),
    case("§5.1: PRIORITY on a closed stream", Goes, |frames| {
        frames.request(1, &GET, END_STREAM);
        whole(frames, 1);
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
    }),
    case("§6.1: DATA", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case("§6.1: DATA, several times", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, 0, 1, b"test");
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case("§6.1: DATA with padding", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, END_STREAM | PADDED, 1, b"\x05test\0\0\0\0\0");
    }),
    case("§6.2: HEADERS", Answer(1), |frames| {
        frames.request(1, &GET, END_STREAM);
    }),
    case("§6.2: HEADERS with padding", Answer(1), |frames| {
        let payload = [&[3], &block(&GET)[..], &[0; 3]].concat();
        frames.send(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, &payload);
    }),
    case("§6.2: HEADERS with a priority", Answer(1), |frames| {
        let payload = [&[0, 0, 0, 0, 255], &block(&GET)[..]].concat();
        frames.send(HEADERS, END_STREAM | END_HEADERS | WITH_PRIORITY, 1, &payload);
    }),
    case("§6.3: PRIORITY 1", Answer(1), |frames| {
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 0]);
        frames.request(1, &GET, END_STREAM);
    }),
    case("§6.3: PRIORITY 256", Answer(1), |frames| {
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
        frames.request(1, &GET, END_STREAM);
    }),
    case("§6.3: PRIORITY with a dependency", Answer(3), |frames| {
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
        frames.send(PRIORITY, 0, 3, &[0, 0, 0, 1, 255]);
        frames.request(3, &GET, END_STREAM);
    }),
    case(
        "§6.3: PRIORITY with an exclusive dependency",
        Answer(3),
        |frames| {
            frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
            frames.send(PRIORITY, 0, 3, &[0x80, 0, 0, 1, 255]);
            frames.request(3, &GET, END_STREAM);
        },
    ),
    case(
        "§6.3: PRIORITY on a high idle stream opens nothing",
        Answer(3),
        |frames| {
            frames.send(PRIORITY, 0, 9, &[0, 0, 0, 0, 255]);
            frames.request(3, &GET, END_STREAM);
        },
    ),
    case("§6.4: RST_STREAM", Goes, |frames| {
        frames.request(1, &post(), 0);
        frames.send(RST_STREAM, 0, 1, &CANCEL);
    }),
    case("§6.5: SETTINGS", Checked, |frames| {
        confirmed(frames);
        let settings = [setting(3, 100), setting(4, 65_535)].concat();
        frames.send(SETTINGS, 0, 0, &settings);
        confirmed(frames);
    }),
    case("§6.7: PING", Checked, |frames| pong(frames, b"12345678")),
    case("§6.8: GOAWAY", Checked, |frames| {
        frames.request(1, &GET, END_STREAM);
        whole(frames, 1);
        frames.send(GOAWAY, 0, 0, &[0; 8]);
        // Nothing is under way any more, so both may go; until then a ping is as good as ever.
        frames.send(PING, 0, 0, b"12345678");
        let rest = frames.rest();
        assert!(
            rest.iter()
                .all(|frame| frame.kind != GOAWAY || frame.error() == 0),
            "{rest:?}"
        );
    }),
    case("§6.9: WINDOW_UPDATE of the connection", Answer(1), |frames| {
        frames.send(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
        frames.request(1, &GET, END_STREAM);
    }),
    case("§6.9: WINDOW_UPDATE of a stream", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
        frames.send(DATA, END_STREAM, 1, b"");
    }),
    case("§6.10: CONTINUATION", Answer(1), |frames| {
        let block = block(&GET);
        let (one, other) = block.split_at(7);
        frames.send(HEADERS, END_STREAM, 1, one);
        frames.send(CONTINUATION, END_HEADERS, 1, other);
    }),
    case("§6.10: CONTINUATION, several times", Answer(1), |frames| {
        let block = block(&GET);
        let (one, rest) = block.split_at(7);
        let (two, three) = rest.split_at(1);
        frames.send(HEADERS, END_STREAM, 1, one);
        frames.send(CONTINUATION, 0, 1, two);
        frames.send(CONTINUATION, END_HEADERS, 1, three);
    }),
    case("§8.1: GET", Answer(1), |frames| {
        frames.request(1, &GET, END_STREAM);
    }),
    case("§8.1: HEAD", Answer(1), |frames| {
        frames.request(1, &with(&GET, &[(":method", "HEAD")]), END_STREAM);
    }),
    case("§8.1: POST", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, END_STREAM, 1, b"test");
    }),
    case("§8.1: POST with trailers", Answer(1), |frames| {
        frames.request(1, &with(&post(), &[("trailer", "x-test")]), 0);
        frames.send(DATA, 0, 1, b"test");
        frames.request(1, &[("x-test", "ok")], END_STREAM);
    }),
];

#[test]
fn what_is_used_as_it_is_meant_to_be_works() {
    play(CASES);
}
