//! Each timeout by its meaning: what it waits for, what the client is told, and that it is named.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::{Answer, Ask, Gate, Gateway, Origin, Reply, Wire, policy};

/// A gateway whose timeouts are off but for these lines.
fn with_timeouts(origin: SocketAddr, lines: &str) -> Gateway {
    let all = [
        "response_head",
        "response_head_total",
        "request_body_idle",
        "response_body_idle",
        "client_stall",
        "request_body_min_rate",
    ];
    let off: Vec<_> = all
        .iter()
        .filter(|key| !lines.contains(*key))
        .map(|key| format!("{key} = \"off\""))
        .collect();
    Gateway::start(policy([origin]).and(&format!("[defaults.timeouts]\n{lines}\n{}", off.join("\n"))))
}

fn since(start: Instant) -> Duration {
    Instant::now().duration_since(start)
}

#[track_caller]
fn assert_named(answer: &Answer, status: u16, code: &str, timeout: &str) {
    answer.assert_refused(status, code);
    assert_eq!(answer.json()["timeout"], timeout);
}

/// An origin that reads a request and never answers.
fn mute() -> Origin {
    Origin::playing(|_, line| line.wait_for_close())
}

#[test]
fn an_upstream_that_never_answers_is_504_by_response_head() {
    let origin = mute();
    let gateway = with_timeouts(origin.address(), "response_head = \"200ms\"");
    let start = Instant::now();
    let answer = Ask::get("/").to(gateway.http());
    assert_named(&answer, 504, "upstream_timeout", "response_head");
    assert!(since(start) >= Duration::from_millis(200));
    let line = gateway.wait_for_log("the request's line", |line| line["status"] == 504);
    assert_eq!(line["refusal"], "upstream_timeout");
    gateway.stop();
}

#[test]
fn the_total_runs_until_the_response_head_and_no_further() {
    let origin = mute();
    let gateway = with_timeouts(origin.address(), "response_head_total = \"200ms\"");
    assert_named(
        &Ask::get("/").to(gateway.http()),
        504,
        "upstream_timeout",
        "response_head_total",
    );
    gateway.stop();

    let gate = Gate::default();
    let held = gate.clone();
    let slow_body = Origin::playing(move |_, line| {
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        held.wait();
        line.send("done");
    });
    let gateway = with_timeouts(slow_body.address(), "response_head_total = \"200ms\"");
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    wire.piece_with("half");
    assert!(
        wire.is_silent_for(Duration::from_millis(500)),
        "a body is not the total's business"
    );
    gate.open();
    assert_eq!(wire.rest_of_body().bytes, b"done");
    gateway.stop();
}

#[test]
fn an_address_that_never_accepts_is_504_by_connect() {
    let (address, _backlog) = full_listener();
    let gateway = Gateway::start(policy([address]).upstream("connect = \"200ms\""));
    assert_named(
        &Ask::get("/").to(gateway.http()),
        504,
        "upstream_timeout",
        "connect",
    );
    gateway.stop();
}

/// A listener whose backlog is full: the kernel drops further connection attempts.
fn full_listener() -> (SocketAddr, (socket2::Socket, Vec<TcpStream>)) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    socket.listen(1).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let patience = Duration::from_millis(200);
    let filling = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok())
        .take(100)
        .collect();
    (address, (socket, filling))
}

#[test]
fn a_body_that_stops_is_408_by_request_body_idle() {
    let origin = Origin::echo();
    let gateway = with_timeouts(origin.address(), "request_body_idle = \"200ms\"");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 10\r\n\r\nabc");
    assert_named(&wire.answer(), 408, "request_body_timeout", "request_body_idle");
    assert!(wire.is_closed());
    gateway.stop();
}

#[test]
fn a_body_that_trickles_is_408_by_its_minimum_rate() {
    let origin = Origin::echo();
    let gateway = with_timeouts(origin.address(), "request_body_min_rate = \"500B\"");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100000\r\n\r\n");
    let start = Instant::now();
    while wire.is_silent_for(Duration::from_millis(200)) {
        wire.try_send("x");
        assert!(
            since(start) < Duration::from_secs(25),
            "the trickle was let through"
        );
    }
    assert!(since(start) > Duration::from_secs(9), "the first 10 s are free");
    assert_named(
        &wire.answer(),
        408,
        "request_body_timeout",
        "request_body_min_rate",
    );
    gateway.stop();
}

#[test]
fn an_answer_that_stops_is_cut_by_response_body_idle() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
        line.wait_for_close();
    });
    let gateway = with_timeouts(origin.address(), "response_body_idle = \"200ms\"");
    let answer = Ask::get("/").to(gateway.http());
    assert_eq!(
        (answer.status, answer.text().as_str(), answer.body.complete),
        (200, "begin", false)
    );
    gateway.stop();
}

/// An origin whose event stream ticks when the gate lets it.
fn ticking(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        for tick in 0.. {
            if !gate.wait() || !line.send(crate::support::reply::chunk(format!("data: {tick}\n\n"))) {
                return;
            }
        }
    })
}

#[test]
fn an_event_stream_outlives_the_idle_time_of_bodies() {
    let gate = Gate::default();
    let origin = ticking(&gate);
    let gateway = with_timeouts(origin.address(), "response_body_idle = \"200ms\"");
    let mut wire = Ask::get("/events").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    for tick in 0..2 {
        assert!(wire.is_silent_for(Duration::from_millis(500)));
        gate.pass_one();
        wire.piece_with(&format!("data: {tick}\n\n"));
    }
    drop(wire);
    gate.open();
    gateway.stop();
}

#[test]
fn a_silent_event_stream_ends_after_its_own_idle_time() {
    let gate = Gate::default();
    let origin = ticking(&gate);
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults.stream]\nidle = \"200ms\""));
    let mut wire = Ask::get("/events").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    gate.pass_one();
    wire.piece_with("data: 0\n\n");
    wire.rest_of_body();
    gate.open();
    gateway.stop();
}

#[test]
fn a_busy_event_stream_ends_at_its_maximum_duration() {
    let gate = Gate::default();
    let origin = ticking(&gate);
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults.stream]\nmax_duration = \"400ms\""));
    let start = Instant::now();
    let mut wire = Ask::get("/events").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    gate.pass_one();
    while wire.piece().is_some() {
        gate.pass_one();
        assert!(since(start) < Duration::from_secs(20), "the stream went on");
    }
    assert!(since(start) >= Duration::from_millis(400));
    gate.open();
    gateway.stop();
}

#[test]
fn half_a_head_does_not_hold_a_connection() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).listener("timeouts = { request_head = \"200ms\" }"));
    for begin in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-"] {
        let mut wire = gateway.connect();
        wire.send(begin);
        assert_told_or_closed(&mut wire);
    }
    gateway.stop();
}

/// A connection that never became a request may be closed without a word; if there is one, it is 408.
#[track_caller]
fn assert_told_or_closed(wire: &mut Wire) {
    let rest = String::from_utf8_lossy(&wire.rest()).into_owned();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408 "), "{rest}");
}

#[test]
fn a_kept_connection_ends_when_idle() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).listener("timeouts = { keep_alive_idle = \"200ms\" }"));
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    assert!(wire.is_closed());
    gateway.stop();
}

#[test]
fn a_total_that_runs_out_on_a_slow_upload_is_the_clients_fault() {
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        line.wait_for_close();
    });
    let gateway = with_timeouts(origin.address(), "response_head_total = \"400ms\"");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nbegin");
    assert_named(&wire.answer(), 408, "request_body_timeout", "response_head_total");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nwhole");
    assert_named(&wire.answer(), 504, "upstream_timeout", "response_head_total");
    gateway.stop();
}
