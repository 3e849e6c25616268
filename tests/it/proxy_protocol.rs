//! The PROXY protocol. On the way in: whom a trusted proxy announces is the client in every respect, and nobody else
//! can announce anyone.

mod haproxy;
mod out;

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::frames::{END_STREAM, Frames, GET, HEADERS};
use crate::support::{Answer, Certs, Gateway, Origin, Wire, policy, run, until};

const TRUSTING: &str = "[client]\ntrusted_proxies = [\"127.0.0.1/32\"]";
const ONE: &str = "PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n";
const SIX: &str = "PROXY TCP6 2001:db8::7 2001:db8::1 50000 443\r\n";
const ASK: &str = "GET /asked HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

fn start(origin: &Origin, lines: &str) -> Gateway {
    let policy = policy([origin.address()]).listener(&format!("proxy_protocol = true\n{lines}"));
    // Metrics are read where nobody is announced.
    Gateway::start(
        policy
            .and(TRUSTING)
            .and("[listeners.plain]\naddress = \"127.0.0.1:0\""),
    )
}

/// A header of version 2: command and family, addresses and ports, and what comes after them.
fn two(head: [u8; 2], rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &head[..], &length, rest].concat()
}

fn four() -> Vec<u8> {
    let addresses = [203, 0, 113, 7, 192, 0, 2, 1, 0xc3, 0x50, 1, 0xbb];
    two([0x21, 0x11], &[&addresses[..], &[4, 0, 3, 1, 2, 3]].concat())
}

fn ask(gateway: &Gateway, header: impl AsRef<[u8]>) -> Answer {
    let mut wire = gateway.connect();
    wire.send([header.as_ref(), ASK.as_bytes()].concat());
    wire.answer()
}

fn forwarded_for(origin: &Origin) -> Option<String> {
    let call = origin.calls().pop().unwrap();
    call.header("x-forwarded-for").map(str::to_owned)
}

fn refused(gateway: &Gateway, reason: &str, count: i64) {
    until(reason, || {
        let answer = crate::support::Ask::get("/metrics").to(gateway.address("plain"));
        let metrics = crate::support::metrics::Metrics::parse(&answer.text());
        metrics.count("portcullis_connections_refused_total", &[("reason", reason)]) == count
    });
}

#[test]
fn whom_a_trusted_proxy_announces_is_the_client() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    for (header, client) in [
        (ONE.as_bytes().to_vec(), "203.0.113.7"),
        (SIX.as_bytes().to_vec(), "2001:db8::7"),
        (four(), "203.0.113.7"),
    ] {
        assert_eq!(ask(&gateway, header).status, 200);
        assert_eq!(forwarded_for(&origin).as_deref(), Some(client));
        let line = gateway.wait_for_log("the line", |line| line["client.ip"] == client);
        assert_eq!(line["path"], "/asked");
    }
    gateway.stop();
}

#[test]
fn a_header_may_come_byte_by_byte_and_what_follows_it_is_not_lost() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    for header in [ONE.as_bytes().to_vec(), four()] {
        let mut wire = gateway.connect();
        for byte in header.iter().chain(ASK.as_bytes()) {
            wire.send([*byte]);
        }
        assert_eq!(wire.answer().status, 200);
        assert_eq!(forwarded_for(&origin).as_deref(), Some("203.0.113.7"));
    }
    gateway.stop();
}

#[test]
fn a_proxy_that_announces_nobody_speaks_for_itself() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    for header in [
        two([0x20, 0], &[]),
        two([0x20, 0x11], &[9; 12]),
        b"PROXY UNKNOWN\r\n".to_vec(),
    ] {
        assert_eq!(ask(&gateway, header).status, 200);
        assert_eq!(forwarded_for(&origin).as_deref(), Some("127.0.0.1"));
    }
    gateway.stop();
}

#[test]
fn what_the_announced_client_says_of_itself_is_not_believed() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    let mut wire = gateway.connect();
    let claim = ASK.replace("\r\n\r\n", "\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
    wire.send(format!("{ONE}{claim}"));
    assert_eq!(wire.answer().status, 200);
    assert_eq!(forwarded_for(&origin).as_deref(), Some("203.0.113.7"));
    gateway.stop();
}

#[test]
fn whoever_is_not_trusted_is_let_go() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    let mut wire = Wire::connect_from("127.0.0.2", gateway.http());
    wire.try_send(format!("{ONE}{ASK}"));
    assert!(wire.is_closed());
    refused(&gateway, "proxy_protocol_untrusted", 1);
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn whatever_is_no_header_is_let_go() {
    let origin = Origin::echo();
    let gateway = start(&origin, "");
    let bad: [&[u8]; 6] = [
        ASK.as_bytes(),
        b"PROXY TCP4 203.0.113.7 192.0.2.1 50000\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 50000 443 \r\nGET / HTTP/1.1\r\n\r\n",
        &[b'P'; 200],
        &[&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat(),
        &two([0x21, 0x12], &[0; 12]),
    ];
    for (count, header) in bad.iter().enumerate() {
        let mut wire = gateway.connect();
        wire.try_send(header);
        wire.is_closed();
        refused(
            &gateway,
            "proxy_protocol_invalid",
            i64::try_from(count + 1).unwrap(),
        );
    }
    let large = two([0x21, 0x11], &[0; 5000]);
    let mut wire = gateway.connect();
    wire.try_send(&large[..16]);
    assert!(wire.is_closed());
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_header_has_a_deadline() {
    let origin = Origin::echo();
    let gateway = start(&origin, "timeouts = { request_head = \"300ms\" }");
    let mut wire = gateway.connect();
    wire.send(&ONE[..20]);
    assert!(wire.is_closed());
    refused(&gateway, "proxy_protocol_timeout", 1);
    gateway.stop();
}

#[test]
fn connections_are_counted_for_the_client_and_not_for_the_proxy() {
    let origin = Origin::echo();
    let gateway = start(&origin, "max_connections_per_client = 2");
    let open = |client: &str| {
        let mut wire = gateway.connect();
        wire.send(format!("PROXY TCP4 {client} 192.0.2.1 50000 443\r\n{ASK}"));
        wire
    };
    let mut held: Vec<_> = ["203.0.113.1", "203.0.113.1", "203.0.113.2"].map(open).into();
    for wire in &mut held {
        assert_eq!(wire.answer().status, 200);
    }
    assert!(open("203.0.113.1").is_closed());
    refused(&gateway, "max_connections_per_client", 1);
    gateway.stop();
}

#[test]
fn it_comes_before_tls_and_before_http_2() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("gateway", &["gateway.test"]);
    let tls = format!(
        "[listeners.https]\naddress = \"127.0.0.1:0\"\nproxy_protocol = true\n{}",
        certs.tables("https", &["gateway"])
    );
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("proxy_protocol = true")
            .and(&tls)
            .and(TRUSTING),
    );
    for (listener, secure) in [("http", false), ("https", true)] {
        let mut socket = TcpStream::connect(gateway.address(listener)).unwrap();
        socket.write_all(&four()).unwrap();
        let mut frames = Frames::through(socket, secure);
        frames.request(1, &GET, END_STREAM);
        let fate = frames.fate(1).unwrap();
        assert_eq!((fate.kind, fate.status()), (HEADERS, Some(200)), "{listener}");
        assert_eq!(forwarded_for(&origin).as_deref(), Some("203.0.113.7"));
    }
    // Without a header, what looks like TLS is none.
    let mut socket = TcpStream::connect(gateway.address("https")).unwrap();
    socket
        .write_all(&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 0, 0, 0])
        .unwrap();
    assert_eq!(socket.read(&mut [0; 10]).unwrap_or(0), 0);
    gateway.stop();
}

#[test]
fn a_listener_that_believes_nobody_is_a_fault() {
    let policy = policy(["127.0.0.1:1"]).listener("proxy_protocol = true");
    let exit = run(&["check", "portcullis.toml"], &policy.text(), &[]);
    assert_eq!(exit.code, Some(2));
    assert!(exit.output().contains("trusted_proxies"), "{}", exit.output());
}
