//! What HTTP/2 can say and the next hop cannot, or otherwise: fragments, schemes, interim answers, CONNECT, and answers
//! that end too early. In the clear and under TLS.

use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frame, Frames, GET, GOAWAY, HEADERS, RST_STREAM, block,
};
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

/// hyper ends the connection for it, and not the stream alone.
#[test]
fn connect_has_no_length() {
    let origin = Origin::echo();
    over_both(&origin, |frames, proto| {
        let fields = [
            (":method", "CONNECT"),
            (":authority", "other.test:443"),
            ("content-length", "5"),
        ];
        frames.request(1, &fields, 0);
        frames.send(DATA, END_STREAM, 1, b"12345");
        let rest = frames.rest();
        assert!(
            rest.iter().all(|frame| frame.kind != HEADERS),
            "{proto:?} {rest:?}"
        );
    });
    assert!(origin.calls().is_empty());
}

/// Who ended it is not known any more, so that is the fault of the stream alone.
#[test]
fn data_for_a_stream_that_is_long_gone_resets_it() {
    let origin = Origin::echo();
    over_both(&origin, |frames, proto| {
        for stream in (1..=301).step_by(2) {
            frames.request(stream, &GET, END_STREAM);
            while !frames.next_of(DATA).has(END_STREAM) {}
        }
        frames.send(DATA, 0, 1, b"more");
        let fate = frames.fate(1).unwrap();
        assert_eq!((fate.kind, fate.error()), (RST_STREAM, 5), "{proto:?} {fate:?}");
        frames.settle();
    });
}

/// The guard cannot know what an earlier head has put into the table of the connection; the decoder reads over it.
#[test]
fn a_field_of_a_head_that_trailers_take_from_the_table_reaches_nobody() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    over_both(&origin, |frames, proto| {
        let post = [&[(":method", "POST")], &GET[1..3]].concat();
        // `:authority`, to be remembered: the first of the table.
        let head = [&block(&post[..]), &b"\x41\x0cgateway.test"[..]].concat();
        frames.send(HEADERS, END_HEADERS, 1, &head);
        frames.send(DATA, 0, 1, b"body");
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &[0xbe]);
        assert_eq!(frames.fate(1).unwrap().status(), Some(200), "{proto:?}");
        let call = origin.calls().pop().unwrap();
        assert_eq!(call.head.all("host"), ["gateway.test"]);
        assert_eq!(call.head.all(":authority"), Vec::<String>::new());
    });
    assert_eq!(origin.calls().len(), 2);
}
