//! Clients of HTTP/1.1 that say half of something, or take nothing, in the clear and under TLS; and what comes before
//! HTTP: half a handshake, half a header of the PROXY protocol.

use super::costs_nothing;
use super::peers::State;
use crate::support::chat::Chat;
use crate::support::policy::PolicyText;
use crate::support::reply::chunk;
use crate::support::{Certs, Gate, Gateway, Origin, Proto, Reply, policy};

/// Time limits under which nothing ends while it is looked at, and no cap that keeps anybody out.
const PATIENT: &str = "[defaults]\nmax_inflight_per_client = \"off\"\nstream.max_open_per_client = 1000
[listeners.proxied]\naddress = \"127.0.0.1:0\"\nproxy_protocol = true\ntimeouts.request_head = \"60s\"
[client]\ntrusted_proxies = [\"127.0.0.1/32\"]";
/// Requests under way are given up later than they are looked at.
pub const PATIENCE: &str = "[defaults.timeouts]\nresponse_head = \"60s\"\nresponse_body_idle = \"60s\"
request_body_idle = \"60s\"\nrequest_body_min_rate = \"off\"\nresponse_body_min_rate = \"off\"";
const LISTENER: &str = "max_connections_per_client = \"off\"\ntimeouts.request_head = \"60s\"";

/// What a WebSocket's answer says to the key of [`wish`].
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// An application that answers as its path says, and one for WebSockets.
pub fn behind() -> (Origin, Chat, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| match call.target.as_str() {
        "/ok" => {
            line.body();
            line.reply(&Reply::text("ok"));
        }
        "/read" => {
            line.body();
            line.wait_for_close();
        }
        "/deaf" => {
            held.wait();
        }
        "/endless" => {
            line.send(Reply::new(200, "application/octet-stream", "").chunked_head());
            let piece = chunk([b'x'; 1 << 14]);
            while line.send(&piece) {}
        }
        "/early" => {
            line.reply(&Reply::text("early"));
            line.wait_for_close();
        }
        "/events" => {
            line.send(Reply::new(200, "text/event-stream", "").chunked_head());
            line.send(chunk("data: 1\n\n"));
            line.wait_for_close();
        }
        "/half-frame" => {
            line.send([SWITCHED.as_bytes(), b"\x81\x05he"].concat());
            line.wait_for_close();
        }
        _ => line.wait_for_close(),
    });
    (origin, Chat::echo(), gate)
}

/// A gateway before them.
pub fn before(origin: &Origin, chat: &Chat, certs: &Certs) -> PolicyText {
    let listener = certs
        .listener(&["gateway"])
        .replace("address", &format!("{LISTENER}\naddress"));
    certs.issue("gateway", &["gateway.test"]);
    policy([origin.address()])
        .gateway("drain = \"60s\"")
        .listener(LISTENER)
        .and(PATIENT)
        .and(PATIENCE)
        .and(&listener)
        .and(&format!("[upstreams.chat]\nservers = [\"http://{}\"]", chat.address()))
        .and("[[routes]]\nname = \"chat\"\nmatch = { path = \"/chat\" }\nupstream = \"chat\"")
        .and("[[routes]]\nname = \"small\"\nmatch = { path = \"/small\" }\nupstream = \"backend\"\nmax_body = \"1KiB\"")
        .and("[[routes]]\nname = \"all\"\nmatch = { path = \"/*\" }\nupstream = \"backend\"")
}

pub fn start() -> (Gateway, (Origin, Chat, Gate, Certs)) {
    let ((origin, chat, gate), certs) = (behind(), Certs::new());
    let gateway = Gateway::start(before(&origin, &chat, &certs));
    (gateway, (origin, chat, gate, certs))
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
}

fn post(path: &str, framing: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n")
}

/// Asks for a WebSocket.
pub fn wish(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// What stays while a request of the connection is under way.
pub fn under_way(proto: Proto) -> Vec<State> {
    let chunked = "Transfer-Encoding: chunked";
    let states = [
        ("no answer yet", get("/hold")),
        (
            "half a head behind a request under way",
            get("/hold") + "GET /x HTTP/1.1\r\nHo",
        ),
        ("a request behind one under way", get("/hold") + &get("/ok")),
        (
            "half a head behind a wish under way",
            wish("/hold") + "GET /x HTTP/1.1\r\nHo",
        ),
        (
            "many requests behind a wish under way",
            wish("/hold") + &get("/ok").repeat(2000),
        ),
        ("an unread answer", get("/endless")),
        ("half a head behind an unread answer", get("/endless") + "GE"),
        ("an event stream between events", get("/events")),
        ("a body without a byte", post("/read", "Content-Length: 10")),
        ("half a body", post("/read", "Content-Length: 10") + "12345"),
        (
            "a body that waits for its 100",
            post("/read", "Content-Length: 10\r\nExpect: 100-continue"),
        ),
        ("half a chunk line", post("/read", chunked) + "5\r\nhello\r\nA"),
        ("half a chunk line's end", post("/read", chunked) + "5\r"),
        ("half a chunk", post("/read", chunked) + "5\r\nhe"),
        ("half a trailer", post("/read", chunked) + "0\r\nX-Tra"),
        (
            "a body that nobody reads",
            post("/deaf", "Content-Length: 8000000") + &"x".repeat(8_000_000),
        ),
        ("an idle WebSocket", wish("/chat")),
        ("half a frame of a WebSocket", wish("/chat") + "\u{1}"),
        ("half a frame of the server's", wish("/half-frame")),
    ];
    states
        .into_iter()
        .map(|(name, says)| State::new(proto, name, says))
        .collect()
}

/// What stays before and between requests.
fn between(proto: Proto) -> Vec<State> {
    let states = [
        ("nothing", String::new()),
        ("one letter", "G".to_owned()),
        ("half a request line", "GET /long/pa".to_owned()),
        ("half a line's end", "GET / HTTP/1.1\r".to_owned()),
        (
            "half a head",
            "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Ha".to_owned(),
        ),
        ("an empty line", "\r\n".to_owned()),
        ("an answered request", get("/ok")),
        ("one letter behind an answered request", get("/ok") + "G"),
        (
            "half a head behind an answered request",
            get("/ok") + "GET / HTTP/1.1\r\nHo",
        ),
        (
            "half a head behind two",
            get("/ok") + &get("/ok") + "GET / HTTP/1.1\r\nHo",
        ),
        (
            "half a head behind a body",
            post("/ok", "Content-Length: 2") + "okGET / H",
        ),
        (
            "half a head behind a declined wish",
            wish("/ok") + "GET / HTTP/1.1\r\nHo",
        ),
    ];
    states
        .into_iter()
        .map(|(name, says)| State::new(proto, name, says))
        .collect()
}

/// What ends by itself, but not at once.
fn ending(proto: Proto) -> Vec<State> {
    let refused = post("/small", "Content-Length: 90000000") + &"x".repeat(1000);
    let early = post("/early", "Content-Length: 10") + "12345";
    let states = [
        ("a refused body that still comes", refused),
        ("half a body behind an early answer", early),
        ("what is no HTTP", "\u{1}\r\n\r\n".to_owned()),
    ];
    let states = states.into_iter();
    states
        .map(|(name, says)| State::new(proto, name, says).ending())
        .collect()
}

#[test]
fn clients_in_the_clear() {
    costs_nothing(start, &ending(Proto::Http1), |_| {});
    costs_nothing(start, &between(Proto::Http1), |_| {});
    costs_nothing(start, &under_way(Proto::Http1), |_| {});
}

#[test]
fn clients_under_tls() {
    costs_nothing(start, &ending(Proto::Http1Tls), |_| {});
    costs_nothing(start, &between(Proto::Http1Tls), |_| {});
    costs_nothing(start, &under_way(Proto::Http1Tls), |_| {});
}

#[test]
fn clients_that_have_not_begun() {
    let hello = [0x16, 3, 1, 2, 0, 1, 0];
    let states = [
        State::at("https", "no handshake", ""),
        State::at("https", "half a record of a handshake", hello),
        State::at("proxied", "nobody announced", ""),
        State::at("proxied", "half a header of version 1", "PROXY TCP4 203.0."),
        State::at(
            "proxied",
            "half a header of version 2",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0",
        ),
        State::at(
            "proxied",
            "announced, and nothing",
            "PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n",
        ),
        State::at(
            "proxied",
            "announced, and a letter",
            "PROXY TCP4 203.0.113.8 192.0.2.1 50000 443\r\nG",
        ),
    ];
    costs_nothing(start, &states, |_| {});
}

/// Whoever closes its side before an answer has gone for all we know; after it, or under TLS, it may still read.
#[test]
fn clients_that_half_close() {
    let refused = post("/small", "Content-Length: 90000000") + &"x".repeat(1000);
    let (gateway, _behind) = start();
    for proto in [Proto::Http1, Proto::Http1Tls] {
        for says in [
            "",
            "G",
            &get("/hold"),
            &get("/ok"),
            &refused,
            &get("/endless"),
            &wish("/chat"),
        ] {
            let peers: Vec<_> = (0..3)
                .map(|_| {
                    State::new(proto, "half-closed", says)
                        .half_closed()
                        .enter(&gateway)
                })
                .collect();
            let share = super::least_share(&gateway);
            assert!(
                share <= super::MOST,
                "{share:.0} % of a core after half a close behind {says:?}"
            );
            drop(peers);
        }
    }
}
