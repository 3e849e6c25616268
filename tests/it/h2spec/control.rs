//! Frames about the connection and its streams: RFC 9113 §6.3 to §6.8 and §7.

use crate::support::frames::{ACK, DATA, END_STREAM, GET, GOAWAY, PING, PRIORITY, RST_STREAM, SETTINGS};

use super::{
    Answer, CANCEL, Case, Checked, Ends, FLOW_CONTROL, FRAME_SIZE, Fails, Goes, PROTOCOL, case, confirmed,
    play, pong, post, setting,
};

pub(super) static CASES: &[Case] = &[
    case("§6.3: PRIORITY on stream 0", Ends(PROTOCOL), |frames| {
        frames.send(PRIORITY, 0, 0, &[0, 0, 0, 1, 255]);
    }),
    case(
        "§6.3: PRIORITY of another length",
        Fails(1, &[FRAME_SIZE]),
        |frames| {
            frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0]);
        },
    ),
    case("§6.4: RST_STREAM on stream 0", Ends(PROTOCOL), |frames| {
        frames.send(RST_STREAM, 0, 0, &CANCEL);
    }),
    case("§6.4: RST_STREAM on an idle stream", Ends(PROTOCOL), |frames| {
        frames.send(RST_STREAM, 0, 1, &CANCEL);
    }),
    case("§6.4: RST_STREAM of another length", Ends(FRAME_SIZE), |frames| {
        frames.request(1, &post(), 0);
        frames.send(RST_STREAM, 0, 1, &CANCEL[..3]);
    }),
    case(
        "§6.5: a confirmation of settings with settings",
        Ends(FRAME_SIZE),
        |frames| {
            frames.send(SETTINGS, ACK, 0, &setting(3, 1));
        },
    ),
    case("§6.5: SETTINGS of a stream", Ends(PROTOCOL), |frames| {
        frames.send(SETTINGS, 0, 1, &setting(3, 1));
    }),
    case("§6.5: SETTINGS of another length", Ends(FRAME_SIZE), |frames| {
        frames.send(SETTINGS, 0, 0, &[0, 3, 0]);
    }),
    case(
        "§6.5.2: ENABLE_PUSH is neither on nor off",
        Ends(PROTOCOL),
        |frames| {
            frames.send(SETTINGS, 0, 0, &setting(2, 2));
        },
    ),
    case(
        "§6.5.2: INITIAL_WINDOW_SIZE is too large",
        Ends(FLOW_CONTROL),
        |frames| {
            frames.send(SETTINGS, 0, 0, &setting(4, 1 << 31));
        },
    ),
    case("§6.5.2: MAX_FRAME_SIZE is too small", Ends(PROTOCOL), |frames| {
        frames.send(SETTINGS, 0, 0, &setting(5, (1 << 14) - 1));
    }),
    case("§6.5.2: MAX_FRAME_SIZE is too large", Ends(PROTOCOL), |frames| {
        frames.send(SETTINGS, 0, 0, &setting(5, 1 << 24));
    }),
    case("§6.5.2: an unknown setting is ignored", Checked, |frames| {
        frames.send(SETTINGS, 0, 0, &setting(255, 1));
        pong(frames, b"12345678");
    }),
    case("§6.5.3: settings count in their order", Checked, |frames| {
        confirmed(frames);
        frames.send(SETTINGS, 0, 0, &[setting(4, 100), setting(4, 1)].concat());
        confirmed(frames);
        frames.request(1, &GET, END_STREAM);
        assert_eq!(frames.next_of(DATA).payload.len(), 1);
    }),
    case("§6.5.3: settings are confirmed", Checked, |frames| {
        confirmed(frames);
        frames.send(SETTINGS, 0, 0, &setting(2, 0));
        confirmed(frames);
    }),
    case("§6.7: PING is answered with what it holds", Checked, |frames| {
        pong(frames, b"\0\x01h2spec");
    }),
    case("§6.7: the answer to a PING is not answered", Checked, |frames| {
        frames.send(PING, ACK, 0, b"unasked!");
        frames.send(PING, 0, 0, b"12345678");
        assert_eq!(frames.next_of(PING).payload, b"12345678");
    }),
    case("§6.7: PING of a stream", Ends(PROTOCOL), |frames| {
        frames.send(PING, 0, 1, b"12345678");
    }),
    case("§6.7: PING of another length", Ends(FRAME_SIZE), |frames| {
        frames.send(PING, 0, 0, b"1234567");
    }),
    case("§6.8: GOAWAY of a stream", Ends(PROTOCOL), |frames| {
        frames.send(GOAWAY, 0, 1, &[0; 8]);
    }),
    case("§7: GOAWAY for an unknown reason", Checked, |frames| {
        frames.send(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 255]);
        frames.send(PING, 0, 0, b"12345678");
        // Nothing is under way: the connection may end, but for no fault.
        let rest = frames.rest();
        let faults = rest
            .iter()
            .filter(|frame| frame.kind == GOAWAY && frame.error() != 0);
        assert_eq!(faults.count(), 0, "{rest:?}");
    }),
    case("§7: RST_STREAM for an unknown reason", Goes, |frames| {
        frames.request(1, &post(), 0);
        frames.send(RST_STREAM, 0, 1, &[0, 0, 0, 255]);
    }),
];

/// RFC 9218 §7.1: priorities are taken and mean nothing.
const PRIORITIES: &[Case] = &[
    case("PRIORITY_UPDATE of an idle stream", Answer(1), |frames| {
        frames.send(16, 0, 0, b"\0\0\0\x01u=7");
        frames.request(1, &[&GET[..], &[("priority", "u=0, i")]].concat(), END_STREAM);
    }),
    case("NO_RFC7540_PRIORITIES", Goes, |frames| {
        frames.send(SETTINGS, 0, 0, &setting(9, 1));
    }),
    case(
        "NO_RFC7540_PRIORITIES is neither on nor off",
        Ends(PROTOCOL),
        |frames| {
            frames.send(SETTINGS, 0, 0, &setting(9, 2));
        },
    ),
    case("PRIORITY_UPDATE of no stream", Ends(PROTOCOL), |frames| {
        frames.send(16, 0, 0, b"\0\0\0\0u=7");
    }),
    case(
        "PRIORITY_UPDATE that is sent on a stream",
        Ends(PROTOCOL),
        |frames| {
            frames.send(16, 0, 1, b"\0\0\0\x01u=7");
        },
    ),
    case("PRIORITY_UPDATE that is too short", Ends(FRAME_SIZE), |frames| {
        frames.send(16, 0, 0, b"\0\0\0");
    }),
];

#[test]
fn frames_about_streams_and_connections_keep_their_rules() {
    play(CASES);
}

#[test]
fn priorities_are_taken_and_mean_nothing() {
    play(PRIORITIES);
}
