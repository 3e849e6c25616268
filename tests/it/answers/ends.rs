//! How an answer ends: whole only if it was, to clients of every version.

use super::METRIC;
use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy};

const OLD: &str = "GET / HTTP/1.0\r\nHost: gateway.test\r\n\r\n";

/// Begins an answer in chunks, and goes on with the given octets once the gate lets it.
fn begun(end: &'static str, gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::playing(move |_, line| {
        line.send(Reply::text("").chunked_head());
        line.send(chunk("begin"));
        assert!(gate.wait());
        line.send(end);
        if end.is_empty() {
            line.close();
        }
        line.wait_for_close();
        line.close();
    })
}

#[test]
fn what_breaks_the_chunks_breaks_the_answer() {
    for (end, reason) in [
        ("zz\r\nbody\r\n0\r\n\r\n", "chunk"),
        ("4\nbody\n0\n\n", "chunk"),
        ("4 \r\nbody\r\n0\r\n\r\n", "chunk"),
        ("+4\r\nbody\r\n0\r\n\r\n", "chunk"),
        ("4\r\nbodyXX0\r\n\r\n", "chunk"),
        ("4;a\nb\r\nbody\r\n0\r\n\r\n", "chunk"),
        ("fffffffffffffffff\r\n", "chunk"),
        ("0\r\nX Y: z\r\n\r\n", "trailer"),
        ("0\r\nX: a\nY: z\r\n\r\n", "trailer"),
        ("0\r\nContent-Length: 5\r\n\r\n", "trailer"),
    ] {
        let gate = Gate::default();
        let origin = begun(end, &gate);
        let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
        for proto in [Proto::Http1, Proto::H2c] {
            let mut download = Session::open(proto, &gateway).start(&Ask::get("/"));
            assert_eq!(download.head().status, 200);
            download.piece_with("begin");
            gate.pass_one();
            assert!(!download.rest_of_body().complete, "{end:?} {proto:?}");
        }
        assert_eq!(
            gateway.metrics().count(METRIC, &[("reason", reason)]),
            2,
            "{end:?}"
        );
        gateway.stop();
    }
}

#[test]
fn to_a_client_of_http_1_0_a_broken_answer_ends_with_a_reset() {
    for end in ["zz\r\n", ""] {
        let gate = Gate::default();
        let origin = begun(end, &gate);
        let gateway = Gateway::start(policy([origin.address()]));
        let mut wire = gateway.connect();
        wire.send(OLD);
        assert_eq!(wire.head().status, 200);
        wire.piece_with("begin");
        gate.pass_one();
        assert!(wire.is_reset(), "{end:?}: it looks whole");
        gateway.wait_for_log("the line", |line| line["end"] == "upstream_cut");
        gateway.stop();
    }
}

#[test]
fn a_client_of_http_1_0_gets_what_it_can_read() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        line.send(Reply::text("").header("Trailer", "X-Sum").chunked_head());
        line.send(chunk("all "));
        line.send(chunk("of it"));
        line.send("0\r\nX-Sum: 1\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(OLD);
    let answer = wire.answer();
    assert_eq!((answer.status, answer.text().as_str()), (200, "all of it"));
    assert!(
        answer.head.first.starts_with("HTTP/1.0 "),
        "{}",
        answer.head.first
    );
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.header("trailer"), None);
    gateway.stop();
}

#[test]
fn trailers_pass_unannounced_where_the_protocol_lets_them() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::text("").chunked_head());
        line.send(chunk("body"));
        line.send("0\r\nX-Sum: 42\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        let ask = Ask::get("/").header("TE", "trailers");
        let answer = Session::open(proto, &gateway).ask(&ask);
        assert!(answer.body.complete && answer.body.bytes == b"body", "{proto:?}");
        let trailers: &[(String, String)] = &answer.body.trailers;
        if proto.is_h2() {
            assert_eq!(trailers, [("x-sum".to_owned(), "42".to_owned())], "{proto:?}");
        }
    }
    gateway.stop();
}

#[test]
fn trailers_pass_though_there_is_nothing_before_them() {
    let origin = Origin::playing(|_, line| {
        let head = Reply::text("").header("Trailer", "X-Sum").chunked_head();
        line.send([head.as_slice(), b"0\r\nX-Sum: 42\r\n\r\n"].concat());
    });
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        let ask = Ask::get("/").header("TE", "trailers");
        let answer = Session::open(proto, &gateway).ask(&ask);
        assert!(answer.body.complete && answer.body.bytes.is_empty(), "{proto:?}");
        let trailers: &[(String, String)] = &answer.body.trailers;
        assert_eq!(trailers, [("x-sum".to_owned(), "42".to_owned())], "{proto:?}");
    }
    gateway.stop();
}
