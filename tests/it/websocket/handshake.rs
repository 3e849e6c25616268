//! What opens a tunnel and what does not.

use std::time::Duration;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// A text frame from a client, masked with zeros.
const FRAME: &[u8] = b"\x81\x85\0\0\0\0hello";

fn ask(target: &str) -> Ask {
    Ask::get(target)
        .header("Connection", "keep-alive, Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", KEY)
}

/// A 101 with these headers.
fn switching(lines: &str) -> String {
    format!("HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n")
}

fn consent() -> String {
    let accept = derive_accept_key(KEY.as_bytes());
    switching(&format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n"
    ))
}

#[test]
fn both_sides_are_told_of_the_switch_and_the_upstream_of_the_client() {
    let origin = Origin::playing(|_, line| {
        line.send(consent());
        line.switch();
        let piece = line.piece().unwrap();
        line.send(piece);
        line.close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = ask("/chat?room=1").start(gateway.http());
    let answer = wire.head();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("connection"), Some("upgrade"));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(
        answer.header("sec-websocket-accept"),
        Some(&*derive_accept_key(KEY.as_bytes()))
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.header("content-length").is_none() && answer.header("transfer-encoding").is_none());
    wire.send(FRAME);
    assert_eq!(wire.rest(), FRAME);
    let call = &origin.calls()[0];
    assert_eq!(call.target, "/chat?room=1");
    assert_eq!(call.head.all("connection"), ["upgrade"]);
    assert_eq!(call.head.all("upgrade"), ["websocket"]);
    assert_eq!(call.header("sec-websocket-key"), Some(KEY));
    assert_eq!(call.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(call.header("x-request-id"), answer.header("x-request-id"));
    gateway.stop();
}

#[test]
fn not_a_byte_is_tunnelled_before_the_consent() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        assert!(
            line.is_silent_for(Duration::from_millis(300)),
            "it spoke too early"
        );
        held.wait();
        line.send(consent());
        line.switch();
        let mut heard = Vec::new();
        while heard.len() < FRAME.len() {
            heard.extend(line.piece().unwrap());
        }
        line.send(heard);
        line.close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send([ask("/").bytes().as_slice(), FRAME].concat());
    gate.open();
    assert_eq!(wire.head().status, 101);
    assert_eq!(wire.rest(), FRAME, "what waited arrives once");
    gateway.stop();
}

#[test]
fn an_upstream_that_declines_is_heard_and_what_came_early_is_read_as_http() {
    let origin = Origin::playing(|call, line| {
        let reply = if call.header("upgrade").is_some() {
            Reply::new(403, "application/json", "{\"no\":1}")
        } else {
            Reply::text("ordinary")
        };
        line.reply(&reply);
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send([ask("/chat").bytes(), Ask::get("/next").bytes()].concat());
    let answer = wire.answer();
    assert_eq!((answer.status, answer.text().as_str()), (403, "{\"no\":1}"));
    assert!(answer.header("upgrade").is_none());
    let answer = wire.answer();
    assert_eq!((answer.status, answer.text().as_str()), (200, "ordinary"));
    assert_eq!(origin.calls()[1].target, "/next");
    gateway.stop();
}

#[test]
fn consent_that_is_none_is_502() {
    let accept = derive_accept_key(KEY.as_bytes());
    let accepted = format!("Sec-WebSocket-Accept: {accept}\r\n");
    for lines in [
        String::new(),
        accepted.clone(),
        format!("Connection: Upgrade\r\nUpgrade: h2c\r\n{accepted}"),
        format!("Upgrade: websocket\r\n{accepted}"),
        "Connection: Upgrade\r\nUpgrade: websocket\r\n".to_owned(),
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
            .to_owned(),
        format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: never-offered\r\n{accepted}"
        ),
    ] {
        let forged = switching(&lines);
        let origin = Origin::playing(move |_, line| {
            line.send(&forged);
            line.wait_for_close();
        });
        let gateway = Gateway::start(policy([origin.address()]));
        ask("/")
            .to(gateway.http())
            .assert_refused(502, "upstream_invalid");
        gateway.stop();
    }
}

#[test]
fn a_switch_nobody_asked_for_is_502() {
    let origin = Origin::playing(|_, line| {
        line.send(consent());
        line.wait_for_close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let h2c = ask("/").header("Upgrade", "h2c");
    for ask in [
        Ask::get("/"),
        h2c,
        Ask::post("/", "body").header("Upgrade", "websocket"),
    ] {
        ask.to(gateway.http()).assert_refused(502, "upstream_invalid");
    }
    gateway.stop();
}

#[test]
fn what_is_no_handshake_is_forwarded_without_its_upgrade() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let with = |lines: &str, method: &str, version: &str| {
        format!("{method} / {version}\r\nHost: gateway.test\r\nConnection: Upgrade\r\n{lines}\r\n")
    };
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    let whole = format!("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{key}");
    for text in [
        with(
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "GET",
            "HTTP/1.1",
        ),
        with(&whole.replace("13", "8"), "GET", "HTTP/1.1"),
        with(&whole.replace(KEY, "c2hvcnQ="), "GET", "HTTP/1.1"),
        with(&format!("{whole}{key}"), "GET", "HTTP/1.1"),
        with(&format!("{whole}Content-Length: 0\r\n"), "POST", "HTTP/1.1"),
        with(&format!("{whole}Content-Length: 2\r\n\r\nxx"), "GET", "HTTP/1.1"),
        with(&whole, "GET", "HTTP/1.0"),
        with(&whole, "GET", "HTTP/1.1").replace("Connection: Upgrade\r\n", ""),
    ] {
        let mut wire = gateway.connect();
        wire.send(&text);
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{text}");
        let seen = answer.json()["headers"].to_string().to_lowercase();
        assert!(!seen.contains("\"upgrade\""), "{text} became {seen}");
    }
    gateway.stop();
}

#[test]
fn every_guard_stands_before_the_upgrade() {
    let origin = Origin::playing(|_, line| line.wait_for_close());
    let text = policy([origin.address()])
        .and("[limits.few]\nrate = \"1/hour\"\n[defaults.timeouts]\nresponse_head = \"100ms\"");
    let gateway = Gateway::start(text.route("chat", "path = \"/chat\"", "limits = [\"few\"]"));
    ask("/elsewhere")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    ask("/chat")
        .to(gateway.http())
        .assert_refused(504, "upstream_timeout");
    ask("/chat")
        .to(gateway.http())
        .assert_refused(429, "rate_limited");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}
