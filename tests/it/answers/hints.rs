//! Early hints reach the client before the answer does, and nothing but the hints (RFC 8297).

use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy};

const HINTS: &str =
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nServer: secret\r\nlink: </b.js>\r\n\r\n";

/// Hints, and answers once the gate lets it.
fn hinting(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::playing(move |_, line| {
        line.send(HINTS);
        assert!(gate.wait());
        line.reply(&Reply::text("done"));
    })
}

#[test]
fn hints_are_passed_on_before_the_answer_is_there() {
    let gate = Gate::default();
    let origin = hinting(&gate);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    for _ in 0..3 {
        wire.send(Ask::get("/").bytes());
        let hints = wire.head();
        assert_eq!(hints.status, 103);
        assert_eq!(hints.head.all("link"), ["</a.css>; rel=preload", "</b.js>"]);
        assert_eq!(hints.head.headers.len(), 2, "{:?}", hints.head);
        gate.pass_one();
        let answer = wire.answer();
        assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    }
    gateway.stop();
}

#[test]
fn hints_in_one_piece_with_the_answer_come_before_it() {
    let origin = Origin::playing(|_, line| {
        line.send([HINTS.as_bytes(), &Reply::text("done").bytes()].concat());
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send([Ask::get("/1").bytes(), Ask::get("/2").bytes()].concat());
    for _ in 0..2 {
        assert_eq!(wire.head().status, 103);
        assert_eq!(wire.answer().text(), "done");
    }
    gateway.stop();
}

#[test]
fn hints_without_links_are_no_hints() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 103 Early Hints\r\nServer: secret\r\n\r\n");
        line.reply(&Reply::text("done"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "done");
    gateway.stop();
}

#[test]
fn hints_do_no_harm_where_they_cannot_be_passed_on() {
    let gate = Gate::default();
    gate.open();
    let origin = hinting(&gate);
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        assert_eq!(Session::open(proto, &gateway).ask(&Ask::get("/")).text(), "done");
    }
    gateway.stop();
}
