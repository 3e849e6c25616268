//! Answers to requests over HTTP/2 whose bodies nobody reads: refusals, and an application's early word. The client has time
//! to read them before its stream is reset, and is not read for ever.

mod curl;

use std::time::{Duration, Instant};

use crate::support::frames::{
    DATA, END_STREAM, Frame, Frames, GET, HEADERS, PING, RST_STREAM, WINDOW_UPDATE,
};
use crate::support::{Certs, Gateway, Origin, Proto, Reply, policy};

/// Where each kind of answer is found.
const PATHS: [(&str, u16); 3] = [("/limited", 429), ("/small", 413), ("/early", 401)];
/// What a client may send of a stream, and of a connection, before it is granted more (RFC 9113 §6.9.2).
const WINDOW: usize = 65_535;
const PIECE: usize = 16 << 10;

/// An application that answers before it reads, as it need not.
fn origin() -> Origin {
    Origin::playing(|call, line| {
        if call.target == "/early" {
            line.reply(&Reply::new(401, "text/plain", "who are you?").header("Connection", "close"));
        } else {
            line.body();
            line.reply(&Reply::text("ok"));
        }
    })
}

/// A gateway in front of it, where the limit is used up.
fn start(origin: &Origin, certs: &Certs) -> Gateway {
    let text = policy([origin.address()])
        .tls(certs)
        .and("[limits.tight]\nrate = \"1/hour\"\n[defaults]\nmax_body = \"100MiB\"")
        .route("limited", "path = \"/limited\"", "limits = [\"tight\"]")
        .route("small", "path = \"/small\"", "max_body = \"10B\"")
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    assert_eq!(
        crate::support::Ask::get("/limited").to(gateway.http()).status,
        200
    );
    gateway
}

/// Asks with a body that is to come, and reads the answer to its end.
fn refused(frames: &mut Frames, path: &str) {
    let fields = [
        (":method", "POST"),
        GET[1],
        (":path", path),
        GET[3],
        ("content-length", "20000"),
    ];
    frames.request(1, &fields, 0);
    assert_eq!(frames.fate(1).unwrap().kind, HEADERS, "{path}");
    while !frames.next_of(DATA).has(END_STREAM) {}
}

/// What comes until the gateway has seen all that was sent.
fn until_settled(frames: &mut Frames) -> Vec<Frame> {
    let mark = *b"settled!";
    frames.send(PING, 0, 0, &mark);
    let before = std::iter::from_fn(|| frames.next());
    before
        .take_while(|frame| frame.kind != PING || frame.payload != mark)
        .collect()
}

fn over_both(play: impl Fn(&mut Frames, &str)) {
    let (origin, certs) = (origin(), Certs::new());
    let gateway = start(&origin, &certs);
    for proto in [Proto::H2c, Proto::H2Tls] {
        for (path, _) in PATHS {
            let mut frames = Frames::over(proto, &gateway);
            refused(&mut frames, path);
            play(&mut frames, path);
        }
    }
    gateway.stop();
}

#[test]
fn a_body_that_ends_after_its_answer_is_no_cause_for_a_reset() {
    over_both(|frames, path| {
        frames.send(DATA, 0, 1, &[b'x'; 10_000]);
        frames.send(DATA, END_STREAM, 1, &[b'x'; 10_000]);
        let seen = until_settled(frames);
        assert!(
            seen.iter().all(|frame| frame.kind != RST_STREAM),
            "{path}: {seen:?}"
        );
        frames.request(3, &[GET[0], GET[1], (":path", "/ok"), GET[3]], END_STREAM);
        assert_eq!(frames.fate(3).unwrap().status(), Some(200));
    });
}

#[test]
fn a_body_that_does_not_end_is_waited_for_a_second() {
    let (origin, certs) = (origin(), Certs::new());
    let gateway = start(&origin, &certs);
    for (path, _) in PATHS {
        let mut frames = Frames::over(Proto::H2c, &gateway);
        let start = Instant::now();
        refused(&mut frames, path);
        let reset = frames.next_of(RST_STREAM);
        assert!(Instant::now() - start >= Duration::from_secs(1), "{path}");
        assert_eq!((reset.stream, reset.error()), (1, 0), "{path}");
    }
    gateway.stop();
}

#[test]
fn a_body_that_goes_on_and_on_is_not_read() {
    over_both(|frames, path| {
        let (mut stream, mut connection, mut sent) = (WINDOW, WINDOW, 0);
        loop {
            while stream.min(connection) >= PIECE {
                frames.send(DATA, 0, 1, &[b'x'; PIECE]);
                (stream, connection, sent) = (stream - PIECE, connection - PIECE, sent + PIECE);
            }
            let frame = frames.next().expect("closed");
            match (frame.kind, frame.stream) {
                (RST_STREAM, 1) => break,
                (WINDOW_UPDATE, 1) => stream += granted(&frame),
                (WINDOW_UPDATE, 0) => connection += granted(&frame),
                _ => {}
            }
        }
        // What is read, what waits in the window, and a piece on its way.
        assert!(sent <= (64 << 10) + (80 << 10) + PIECE, "{path}: {sent} bytes");
    });
}

fn granted(frame: &Frame) -> usize {
    u32::from_be_bytes(frame.payload[..4].try_into().unwrap()) as usize
}
