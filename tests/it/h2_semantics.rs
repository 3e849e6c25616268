//! What HTTP/2 can say and the next hop cannot, or otherwise: fragments, schemes, interim answers, CONNECT, and answers
//! that end too early. In the clear and under TLS.

use crate::support::frames::{DATA, END_STREAM, Frame, Frames, GET, GOAWAY, HEADERS, RST_STREAM};
use crate::support::reply::chunk;
use crate::support::{Certs, Gateway, Origin, Proto, Reply, policy};

const BOTH: [Proto; 2] = [Proto::H2c, Proto::H2Tls];

/// Plays it over both, each on a connection of its own.
fn over_both(origin: &Origin, play: impl Fn(&mut Frames, Proto)) {
    let certs = Certs::new();
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    for proto in BOTH {
        play(&mut Frames::over(proto, &gateway), proto);
    }
    gateway.stop();
}

fn with(name: &'static str, value: &'static str) -> [(&'static str, &'static str); 4] {
    GET.map(|field| if field.0 == name { (name, value) } else { field })
}

/// Every frame of a stream until one that ends it.
fn all_of(frames: &mut Frames, stream: u32) -> Vec<Frame> {
    let mut all = Vec::new();
    while let Some(frame) = frames.next() {
        if frame.kind != GOAWAY && frame.stream != stream {
            continue;
        }
        let last = frame.kind == GOAWAY || frame.kind == RST_STREAM || frame.has(END_STREAM);
        all.push(frame);
        if last {
            break;
        }
    }
    all
}

/// h2 cuts a target off before its fragment, where nobody of ours can see it: so what is routed, logged and sent on is
/// the rest, and nobody behind us finds out that there was more.
#[test]
fn a_fragment_reaches_nobody() {
    let origin = Origin::echo();
    over_both(&origin, |frames, proto| {
        for (at, (path, target)) in [("/a#b", "/a"), ("/a?b#/../c", "/a?b"), ("/#", "/")]
            .iter()
            .enumerate()
        {
            let stream = u32::try_from(2 * at + 1).unwrap();
            frames.request(stream, &with(":path", path), END_STREAM);
            assert_eq!(
                frames.fate(stream).unwrap().status(),
                Some(200),
                "{path} {proto:?}"
            );
            assert_eq!(origin.calls().pop().unwrap().target, *target);
        }
        // Nothing is left of this one.
        frames.request(99, &with(":path", "#a"), END_STREAM);
        assert_eq!(frames.fate(99).unwrap().status(), Some(400));
    });
}

/// RFC 9113 §8.3.1 leaves the scheme to the client, and proxies that end TLS before us pass on what they were sent. How a
/// client came is known without it.
#[test]
fn what_a_client_says_of_its_scheme_is_not_believed() {
    let origin = Origin::echo();
    over_both(&origin, |frames, proto| {
        let came = if proto.is_tls() { "https" } else { "http" };
        for (at, scheme) in ["http", "https"].iter().enumerate() {
            let stream = u32::try_from(2 * at + 1).unwrap();
            frames.request(stream, &with(":scheme", scheme), END_STREAM);
            assert_eq!(frames.fate(stream).unwrap().status(), Some(200), "{scheme}");
            let call = origin.calls().pop().unwrap();
            assert_eq!(call.header("x-forwarded-proto"), Some(came), "{scheme} {proto:?}");
        }
        for (at, scheme) in ["ftp", "ws", "file", "HTTPS"].iter().enumerate() {
            let stream = u32::try_from(2 * at + 11).unwrap();
            frames.request(stream, &with(":scheme", scheme), END_STREAM);
            assert_eq!(frames.fate(stream).unwrap().status(), Some(400), "{scheme}");
        }
    });
    assert_eq!(origin.calls().len(), 4);
}

#[test]
fn interim_answers_end_here_and_the_answer_comes_once() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 100 Continue\r\n\r\n");
        line.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        line.reply(&Reply::text("done"));
    });
    over_both(&origin, |frames, proto| {
        frames.request(1, &GET, END_STREAM);
        let heads: Vec<_> = all_of(frames, 1)
            .into_iter()
            .filter(|frame| frame.kind == HEADERS)
            .map(|head| head.status())
            .collect();
        assert_eq!(heads, [Some(200)], "{proto:?}");
    });
}

#[test]
fn an_answer_that_is_cut_is_reset() {
    let origin = Origin::playing(|call, line| {
        match call.target.as_str() {
            "/length" => line.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
            "/chunks" => line.send([Reply::text("").chunked_head(), chunk("half")].concat()),
            _ => line.send(
                [
                    Reply::text("").chunked_head(),
                    chunk("whole"),
                    b"0\r\nX-Sum: 1".to_vec(),
                ]
                .concat(),
            ),
        };
        line.close();
    });
    over_both(&origin, |frames, proto| {
        for (at, path) in ["/length", "/chunks", "/trailers"].iter().enumerate() {
            let stream = u32::try_from(2 * at + 1).unwrap();
            frames.request(stream, &with(":path", path), END_STREAM);
            let all = all_of(frames, stream);
            let last = all.last().unwrap();
            assert_eq!(last.kind, RST_STREAM, "{path} {proto:?}: {all:?}");
            assert_ne!(last.error(), 0, "{path} {proto:?}");
        }
        // The connection is none the worse.
        frames.settle();
    });
}

#[test]
fn connect_opens_no_tunnel() {
    let origin = Origin::echo();
    over_both(&origin, |frames, proto| {
        frames.request(1, &[(":method", "CONNECT"), (":authority", "other.test:443")], 0);
        let fate = frames.fate(1).unwrap();
        assert!(
            fate.kind == HEADERS && fate.status().is_none(),
            "501: {proto:?} {fate:?}"
        );
        frames.send(DATA, 0, 1, b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
        frames.settle();
        assert!(origin.calls().is_empty());
        // With a path and a scheme it is none (RFC 9113 §8.5).
        frames.request(3, &with(":method", "CONNECT"), END_STREAM);
        let fate = frames.fate(3).unwrap();
        assert!(
            fate.kind != HEADERS || fate.status() != Some(200),
            "{proto:?} {fate:?}"
        );
    });
    assert!(origin.calls().is_empty());
}
