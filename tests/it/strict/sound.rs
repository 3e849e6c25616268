//! What is unusual and sound: it passes untouched, and what follows it on the connection as well.

use super::listener_of;
use crate::support::{Ask, Gateway, Origin, policy};

/// A head, perhaps with its body; what the upstream is asked for, and gets.
const SOUND: &[(&str, &str, &str)] = &[
    (
        "GET /%2F//;a=b/!$&'()*+,=:@[]|{}^\\\" HTTP/1.1\r\nHost: a\r\n\r\n",
        "/%2F//;a=b/!$&'()*+,=:@[]|{}^\\\"",
        "",
    ),
    ("GET /a HTTP/1.1\r\nhost:gateway.test\r\n\r\n", "/a", ""),
    ("GET /a HTTP/1.1\r\nHost: \t gateway.test \t\r\n\r\n", "/a", ""),
    ("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""),
    ("\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""),
    (
        "GET http://a.test/a?b HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "/a?b",
        "",
    ),
    (
        "GET /a?%00'{|}[]`^\\?/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "/a?%00'{|}[]`^\\?/",
        "",
    ),
    ("X!#$%&'*+-.^_`|~9 /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""),
    (
        "GET /a HTTP/1.1\r\nHost: a\r\nX-Tab: a\tb\r\nX!#$%&'*+.^`|~9: y\r\nX-Empty:\r\n\r\n",
        "/a",
        "",
    ),
    (
        "GET /a HTTP/1.1\r\nHost: a\r\nX-Latin: caf\u{e9}\r\n\r\n",
        "/a",
        "",
    ),
    (
        "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "/a",
        "",
    ),
    (
        "POST /a HTTP/1.1\r\nHost: a\r\ncontent-length:\t4 \r\n\r\n\0\r\n\n",
        "/a",
        "\0\r\n\n",
    ),
    (
        "POST /a HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n",
        "/a",
        "",
    ),
    (
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n04;a=\"b;c\"\r\nbody\r\nA ;x\r\n0123456789\r\n00\r\nX-Sum: 1\r\n\r\n",
        "/a",
        "body0123456789",
    ),
];

#[test]
fn unusual_and_sound_requests_pass() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    for (head, target, body) in SOUND {
        let mut wire = gateway.connect();
        let bytes: Vec<u8> = head.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
        wire.send(&bytes);
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{head:?}: {}", answer.text());
        assert_eq!(answer.json()["target"], *target, "{head:?}");
        assert_eq!(answer.json()["body"], *body, "{head:?}");
        assert_eq!(
            Ask::get("/next").via(&mut wire).json()["target"],
            "/next",
            "{head:?}"
        );
    }
    gateway.stop();
}

#[test]
fn sound_requests_pass_however_they_are_cut() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let bytes = [
        Ask::get("/1").header("Accept", "*/*").bytes(),
        b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n".to_vec(),
        Ask::post("/3", "body").bytes(),
        Ask::get("/4").bytes(),
    ]
    .concat();
    for place in 1..bytes.len() {
        let (before, after) = bytes.split_at(place);
        let mut wire = gateway.connect();
        wire.send(before);
        wire.send(after);
        for target in ["/1", "/2", "/3", "/4"] {
            assert_eq!(wire.answer().json()["target"], target, "cut at {place}");
        }
    }
    let mut wire = gateway.connect();
    for byte in &bytes {
        wire.send([*byte]);
    }
    for target in ["/1", "/2", "/3", "/4"] {
        assert_eq!(wire.answer().json()["target"], target);
    }
    gateway.stop();
}

#[test]
fn a_head_at_its_limits_passes_whole() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let start = "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Long: ";
    let head = |length: usize| format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4));
    let mut wire = gateway.connect();
    wire.send([head(8192), head(8192)].concat());
    for _ in 0..2 {
        assert_eq!(wire.answer().status, 200);
    }
    wire.send(head(8193));
    wire.answer().assert_refused(431, "head_too_large");
    gateway.stop();
}

#[test]
fn what_follows_an_upgrade_that_was_not_granted_is_http() {
    let origin = Origin::echo();
    let gateway = listener_of(&origin);
    let upgrade = Ask::get("/chat")
        .header("Connection", "upgrade")
        .header("Upgrade", "h2c");
    let mut wire = gateway.connect();
    wire.send([upgrade.bytes(), Ask::get("/next").bytes(), b"\x81\x85".to_vec()].concat());
    assert_eq!(wire.answer().json()["target"], "/chat");
    assert_eq!(wire.answer().json()["target"], "/next");
    wire.answer().assert_refused(400, "request_malformed");
    assert!(wire.is_closed());
    gateway.stop();
}

#[test]
fn a_request_held_until_an_upgrade_is_answered_is_answered_without_another_byte() {
    let origin = Origin::playing(|call, line| {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
            &call.target[..5]
        );
        line.send(answer);
    });
    // No deadline may ring before the test gives up: a timer that looks after the connection wakes it too.
    let gateway = Gateway::start(
        policy([origin.address()]).listener("timeouts = { request_head = \"5m\", keep_alive_idle = \"5m\" }"),
    );
    let upgrade = Ask::get("/chat")
        .header("Connection", "upgrade")
        .header("Upgrade", "h2c");
    let mut wire = gateway.connect();
    wire.send([upgrade.bytes(), Ask::get("/next").bytes()].concat());
    for target in ["/chat", "/next"] {
        assert_eq!(wire.answer().text(), target);
    }
    gateway.stop();
}

#[test]
fn an_answer_is_whole_though_more_was_asked_than_is_answered() {
    let large = "x".repeat(1 << 20);
    let origin = Origin::answering(crate::support::Reply::text(&large));
    let gateway = listener_of(&origin);
    let mut wire = gateway.connect();
    wire.send(Ask::get("/").header("Connection", "close").bytes());
    wire.send(Ask::get("/more").bytes().repeat(2000));
    // Its end waits in the kernel when the connection is closed: read from only then.
    gateway.wait_for_log("the line", |line| line["end"] == "complete");
    let answer = wire.answer();
    assert!(answer.body.complete, "{} bytes of it", answer.body.bytes.len());
    gateway.stop();
}

#[test]
fn a_fault_that_waits_behind_a_request_does_not_disturb_it() {
    let gate = crate::support::Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&crate::support::Reply::text("late"));
    });
    let gateway = listener_of(&origin);
    let mut wire = gateway.connect();
    wire.send([Ask::get("/").bytes(), b"GET / HTTP/1.1\n\n".to_vec()].concat());
    origin.wait_for_calls(1);
    gate.open();
    assert_eq!(wire.answer().text(), "late");
    wire.answer().assert_refused(400, "request_malformed");
    gateway.stop();
}
