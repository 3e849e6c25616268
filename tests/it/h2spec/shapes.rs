//! The shape of a connection and of its frames: RFC 9113 §3.4, §4.1, §4.2, §5.4.1, §5.5, §6.1 and §6.2.

use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, PADDED, PING, PRIORITY, SETTINGS, block,
};

use super::{
    Answer, Case, Checked, Ends, FRAME_SIZE, Fails, Goes, PROTOCOL, STREAM_CLOSED, case, play, pong, post,
    whole,
};

pub(super) static CASES: &[Case] = &[
    case("§3.4: the server begins with SETTINGS", Checked, |frames| {
        let first = frames.next().unwrap();
        assert_eq!((first.kind, first.stream, first.flags), (SETTINGS, 0, 0));
    }),
    case(
        "§3.4: what is no preface ends the connection",
        Checked,
        |frames| {
            let mut stranger = frames.stranger();
            stranger.raw(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
            // In the clear it is read as HTTP/1.1, and refused there.
            while stranger.byte().is_some() {}
        },
    ),
    case("§4.1: an unknown kind of frame is ignored", Checked, |frames| {
        frames.send(255, 0, 0, b"unknown");
        pong(frames, b"12345678");
    }),
    case("§4.1: an undefined flag is ignored", Checked, |frames| {
        frames.send(PING, 0x16, 0, b"12345678");
        assert_eq!(frames.next_of(PING).payload, b"12345678");
    }),
    case("§4.1: the reserved bit is ignored", Checked, |frames| {
        frames.send(PING, 0, 1 << 31, b"12345678");
        assert_eq!(frames.next_of(PING).payload, b"12345678");
    }),
    case("§4.2: DATA of 2^14 bytes", Answer(1), |frames| {
        frames.request(1, &post(), 0);
        frames.send(DATA, END_STREAM, 1, &[b'x'; 1 << 14]);
    }),
    case(
        "§4.2: DATA larger than allowed",
        Fails(1, &[FRAME_SIZE]),
        |frames| {
            frames.request(1, &post(), 0);
            frames.send(DATA, END_STREAM, 1, &[b'x'; (1 << 14) + 1]);
        },
    ),
    case("§4.2: HEADERS larger than allowed", Ends(FRAME_SIZE), |frames| {
        let large = "x".repeat(1 << 14);
        let block = [block(&GET), block(&[("x-large", &large)])].concat();
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block);
    }),
    case(
        "§5.4.1: an error of the connection closes it",
        Checked,
        |frames| {
            frames.send(PING, 0, 3, b"12345678");
            // Reads to the end of the connection.
            frames.rest();
        },
    ),
    case(
        "§5.4.1: and is told by GOAWAY, with how far we came",
        Checked,
        |frames| {
            frames.request(1, &GET, END_STREAM);
            whole(frames, 1);
            frames.send(PING, 0, 3, b"12345678");
            let goodbye = frames.next_of(GOAWAY);
            assert_eq!(
                (goodbye.error(), &goodbye.payload[..4]),
                (PROTOCOL, &[0, 0, 0, 1][..])
            );
        },
    ),
    case("§5.5: an unknown extension is ignored", Goes, |frames| {
        frames.send(22, 0, 0, &[0; 8]);
    }),
    case("§5.5: but not within a header block", Ends(PROTOCOL), |frames| {
        frames.send(HEADERS, END_STREAM, 1, &block(&GET));
        frames.send(22, 0, 1, &[0; 8]);
    }),
    case("§6.1: DATA on stream 0", Ends(PROTOCOL), |frames| {
        frames.send(DATA, END_STREAM, 0, b"test");
    }),
    case(
        "§6.1: DATA on a stream that is not open",
        Fails(1, &[STREAM_CLOSED]),
        |frames| {
            frames.request(1, &GET, END_STREAM);
            frames.send(DATA, END_STREAM, 1, b"test");
        },
    ),
    case(
        "§6.1: DATA with more padding than frame",
        Ends(PROTOCOL),
        |frames| {
            frames.request(1, &post(), 0);
            frames.send(DATA, END_STREAM | PADDED, 1, b"\x06test");
        },
    ),
    case("§6.2: PRIORITY within a header block", Ends(PROTOCOL), |frames| {
        frames.send(HEADERS, END_STREAM, 1, &block(&GET));
        frames.send(PRIORITY, 0, 1, &[0, 0, 0, 0, 255]);
    }),
    case(
        "§6.2: HEADERS of another stream within a header block",
        Ends(PROTOCOL),
        |frames| {
            frames.send(HEADERS, END_STREAM, 1, &block(&GET));
            frames.request(3, &GET, END_STREAM);
        },
    ),
    case("§6.2: HEADERS on stream 0", Ends(PROTOCOL), |frames| {
        frames.request(0, &GET, END_STREAM);
    }),
    case(
        "§6.2: HEADERS with more padding than frame",
        Ends(PROTOCOL),
        |frames| {
            let block = block(&GET);
            let padding = u8::try_from(block.len() + 1).unwrap();
            frames.send(
                HEADERS,
                END_STREAM | END_HEADERS | PADDED,
                1,
                &[&[padding], &block[..]].concat(),
            );
        },
    ),
];

#[test]
fn connections_and_frames_have_their_shape() {
    play(CASES);
}
