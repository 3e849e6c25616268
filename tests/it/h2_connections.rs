//! Connections of HTTP/2: how they begin, how much they carry, and that they end: unused, abused, or at a stop.

use crate::support::frames::{
    CONTINUATION, END_STREAM, Frames, GET, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, block,
};
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy, until};

/// What a connection ends with that was too much (RFC 9113 §7).
const ENHANCE_YOUR_CALM: u32 = 11;

fn echoing() -> (Origin, Gateway) {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    (origin, gateway)
}

fn malformed(gateway: &Gateway) -> i64 {
    gateway.metrics().count(
        "portcullis_malformed_requests_total",
        &[("reason", "http2_flood")],
    )
}

#[test]
fn the_preface_may_come_byte_by_byte() {
    let (_origin, gateway) = echoing();
    let mut wire = gateway.connect();
    for byte in PREFACE {
        wire.send([*byte]);
    }
    wire.send([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]);
    assert_eq!(wire.exactly(9).unwrap()[3], SETTINGS);
    gateway.stop();
}

#[test]
fn what_only_begins_like_the_preface_is_http_1() {
    let (origin, gateway) = echoing();
    let mut wire = gateway.connect();
    wire.send("P");
    wire.send("RI * HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    wire.answer().assert_refused(400, "target_invalid");
    let mut wire = gateway.connect();
    wire.send("P");
    wire.send("OST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\n\r\n");
    wire.send("body");
    assert_eq!(wire.answer().json()["body"], "body");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn half_a_preface_does_not_hold_a_connection() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .listener("timeouts = { request_head = \"300ms\", keep_alive_idle = \"300ms\" }");
    let gateway = Gateway::start(text);
    let mut wire = gateway.connect();
    wire.send(&PREFACE[..20]);
    assert_eq!(wire.answer().status, 408);
    assert!(wire.is_closed());
    assert!(gateway.connect().is_closed());
    gateway.stop();
}

#[test]
fn a_hundred_requests_share_a_connection() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        held.wait();
        line.reply(&Reply::text(&call.target));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&Certs::new())
            .and("[defaults]\nmax_inflight_per_client = 200"),
    );
    let session = Session::open(Proto::H2Tls, &gateway);
    let started: Vec<_> = (0..100)
        .map(|number| session.start(&Ask::get(&format!("/{number}"))))
        .collect();
    gate.wait_for_waiters(100);
    gate.open();
    for (number, exchange) in started.into_iter().enumerate() {
        assert_eq!(exchange.answer().text(), format!("/{number}"));
    }
    assert_eq!(
        gateway.metrics().count("portcullis_connections", &[]),
        2,
        "one, and the scrape"
    );
    gateway.stop();
}

#[test]
fn rapid_resets_end_the_connection() {
    let (_origin, gateway) = echoing();
    let mut frames = Frames::open(gateway.http());
    // One write, so that the resets are there before any stream is taken up.
    let mut stream = 1;
    while stream < 20_000 && frames.request(stream, &GET, END_STREAM) {
        frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        stream += 2;
    }
    let frames = frames.rest();
    let goodbye = frames.iter().find(|frame| frame.kind == GOAWAY);
    assert!(
        goodbye.is_none_or(|frame| frame.error() == ENHANCE_YOUR_CALM),
        "{goodbye:?}"
    );
    assert_eq!(Ask::get("/").over(Proto::H2c, &gateway).status, 200);
    until("it is counted, and nothing is left of it", || {
        gateway.metrics().count("portcullis_in_flight_requests", &[]) == 0 && malformed(&gateway) == 1
    });
    gateway.stop();
}

#[test]
fn a_flood_of_continuations_ends_the_connection() {
    let (origin, gateway) = echoing();
    let mut frames = Frames::open(gateway.http());
    frames.send(HEADERS, END_STREAM, 1, &block(&GET));
    let more = block(&[("x-more", "y")]);
    let sent = (0..100_000)
        .take_while(|_| frames.send(CONTINUATION, 0, 1, &more))
        .count();
    assert!(sent < 100_000, "it listened to all");
    until("it is counted", || malformed(&gateway) == 1);
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn an_unused_connection_ends_although_it_pings() {
    let origin = Origin::echo();
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("timeouts = { request_head = \"400ms\", keep_alive_idle = \"400ms\" }"),
    );
    let mut unused = Frames::open(gateway.http());
    let mut used = Frames::open(gateway.http());
    used.request(1, &GET, END_STREAM);
    for frames in [&mut unused, &mut used] {
        while frames.send(PING, 0, 0, b"opaque..") {
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
        assert!(frames.rest().iter().any(|frame| frame.kind == GOAWAY));
    }
    gateway.stop();
}

#[test]
fn a_connection_with_a_request_under_way_is_not_idle() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/held" {
            held.wait();
        }
        line.reply(&Reply::text("done"));
    });
    let gateway = Gateway::start(
        policy([origin.address()]).listener("timeouts = { request_head = \"3s\", keep_alive_idle = \"3s\" }"),
    );
    let session = Session::open(Proto::H2c, &gateway);
    let held = session.start(&Ask::get("/held"));
    origin.wait_for_calls(1);
    assert_eq!(session.ask(&Ask::get("/")).status, 200);
    // One that is used later and then no more has come to its end meanwhile.
    let mut unused = Frames::open(gateway.http());
    unused.request(1, &GET, END_STREAM);
    assert!(unused.rest().iter().any(|frame| frame.kind == GOAWAY));
    assert_eq!(session.ask(&Ask::get("/")).status, 200);
    gate.open();
    assert_eq!(held.answer().text(), "done");
    gateway.stop();
}

#[test]
fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("finished"));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&Certs::new())
            .gateway("drain = \"20s\""),
    );
    let idle = Session::open(Proto::H2Tls, &gateway);
    let sessions = [Proto::H2c, Proto::H2Tls].map(|proto| Session::open(proto, &gateway));
    let held = [0, 1].map(|at: usize| sessions[at].start(&Ask::get("/")));
    origin.wait_for_calls(2);
    gateway.terminate();
    gateway.wait_for_log("the stop", |line| {
        line["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("stopping"))
    });
    gate.open();
    for exchange in held {
        assert_eq!(exchange.answer().text(), "finished");
    }
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.output());
    drop(idle);
}
