//! Long answers and long uploads: each side notices at once that the other is gone, and memory stays
//! small whatever passes.

mod both_ways;
mod latency;
mod stalled;
mod uploads;

use std::time::{Duration, Instant};

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, Wire, policy, until};

const LARGE: usize = 1 << 30;
/// By how much the gateway may grow whatever passes.
const GROWTH: usize = 10 << 20;
const PIECE: usize = 64 * 1024;

/// An origin that begins an answer or an upload, by path, and opens the gate once the gateway has hung up.
fn begun(gone: &Gate) -> Origin {
    let gone = gone.clone();
    Origin::playing(move |call, line| {
        match call.target.as_str() {
            "/events" => {
                line.send(Reply::new(200, "text/event-stream", "").chunked_head());
                line.send(chunk("data: 0\n\n"));
            }
            "/download" => {
                line.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin");
            }
            "/upload" => assert!(line.piece().is_some()),
            _ => {}
        }
        line.switch();
        while line.piece().is_some() {}
        gone.pass_one();
    })
}

#[test]
fn a_client_that_leaves_ends_its_request_at_the_upstream_at_once() {
    let gone = Gate::default();
    let origin = begun(&gone);
    let gateway = Gateway::start(policy([origin.address()]));
    let upload = "POST /upload HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000000\r\n\r\nbegin";
    for (count, (target, answers)) in [
        ("/events", true),
        ("/download", true),
        ("/head", false),
        ("/upload", false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wire = if target == "/upload" {
            let mut wire = gateway.connect();
            wire.send(upload);
            wire
        } else {
            Ask::get(target).start(gateway.http())
        };
        origin.wait_for_calls(count + 1);
        if answers {
            assert_eq!(wire.head().status, 200);
            assert!(wire.piece().is_some());
        }
        drop(wire);
        assert!(gone.wait(), "{target}: the upstream was not told");
        let ended = |line: &serde_json::Value| line["path"] == target && line["end"] == "client_gone";
        gateway.wait_for_log(target, ended);
    }
    let metrics = gateway.metrics();
    assert_eq!(metrics.count("portcullis_streams_open", &[]), 0);
    assert_eq!(metrics.count("portcullis_in_flight_requests", &[]), 0);
    gateway.stop();
}

#[test]
fn a_client_that_leaves_the_queue_never_reaches_the_upstream() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("done"));
    });
    let gateway = Gateway::start(
        policy([origin.address()]).upstream("max_inflight = 1\nqueue = { size = 10, timeout = \"30s\" }"),
    );
    let mut first = Ask::get("/first").start(gateway.http());
    origin.wait_for_calls(1);
    let second = Ask::get("/second").start(gateway.http());
    let queued = || gateway.metrics().count("portcullis_upstream_queued", &[]);
    until("it waits", || queued() == 1);
    drop(second);
    until("its place is free", || queued() == 0);
    gate.open();
    assert_eq!(first.answer().status, 200);
    assert_eq!(Ask::get("/third").to(gateway.http()).status, 200);
    let targets: Vec<_> = origin.calls().into_iter().map(|call| call.target).collect();
    assert_eq!(targets, ["/first", "/third"]);
    gateway.stop();
}

#[test]
fn an_upstream_that_is_gone_leaves_no_answer_that_looks_whole() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        line.send(chunk("data: 0\n\n"));
        line.reset();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/events").to(gateway.http());
    assert_eq!((answer.status, answer.body.complete), (200, false));
    gateway.wait_for_log("the stream's line", |line| line["end"] == "upstream_cut");
    gateway.stop();
}

#[test]
fn twenty_event_streams_last_until_their_time_is_up() {
    let gone = Gate::default();
    let noticed = gone.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        let mut tick = 0;
        while line.send(chunk(format!("data: {tick}\n\n"))) {
            tick += 1;
            std::thread::park_timeout(Duration::from_millis(50));
        }
        noticed.pass_one();
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .route("events", "path = \"/*\"", "")
            .and("[defaults.stream]\nmax_duration = \"2s\"\nidle = \"1s\"\nmax_open_per_client = 20"),
    );
    let start = Instant::now();
    let mut wires: Vec<Wire> = (0..20).map(|_| Ask::get("/").start(gateway.http())).collect();
    for wire in &mut wires {
        assert_eq!(wire.head().status, 200);
        wire.piece_with("data: 3\n\n");
    }
    let kind = [("endpoint", "events"), ("kind", "sse")];
    assert_eq!(gateway.metrics().count("portcullis_streams_open", &kind), 20);
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(429, "too_many_streams");
    for wire in &mut wires {
        assert!(!wire.rest_of_body().complete);
    }
    assert!(Instant::now() >= start + Duration::from_secs(2));
    for _ in 0..20 {
        assert!(gone.wait(), "the upstream was not told");
    }
    gateway.wait_for_log("a stream's line", |line| line["end"] == "stream_max_duration");
    assert_eq!(gateway.metrics().count("portcullis_streams_open", &kind), 0);
    gateway.stop();
}

#[test]
fn a_silent_stream_is_told_apart_from_a_slow_body_in_the_log() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        line.wait_for_close();
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults.stream]\nidle = \"200ms\""));
    assert!(!Ask::get("/").to(gateway.http()).body.complete);
    gateway.wait_for_log("the stream's line", |line| line["end"] == "stream_idle");
    gateway.stop();
}

#[test]
fn a_gigabyte_down_to_a_slow_reader_takes_no_memory() {
    let origin = Origin::playing(|_, line| {
        line.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
        for _ in 0..LARGE / PIECE {
            if !line.send([b'x'; PIECE]) {
                return;
            }
        }
    });
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/metrics").to(gateway.http());
    let before = gateway.resident();
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    let (mut bytes, mut most, mut pieces) = (0, 0, 0);
    while let Some(piece) = wire.piece() {
        bytes += piece.len();
        pieces += 1;
        if pieces % 2000 == 0 {
            std::thread::park_timeout(Duration::from_millis(20));
            most = most.max(gateway.resident());
        }
    }
    assert_eq!(bytes, LARGE);
    assert!(most < before + GROWTH, "{before} became {most}");
    gateway.stop();
}

#[test]
fn a_gigabyte_up_to_a_slow_reader_takes_no_memory() {
    let origin = Origin::playing(|_, line| {
        let (mut bytes, mut pieces) = (0, 0);
        while let Some(piece) = line.piece() {
            bytes += piece.len();
            pieces += 1;
            if pieces % 2000 == 0 {
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
        line.reply(&Reply::text(&bytes.to_string()));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .and("[defaults]\nmax_body = \"2GiB\"\ntimeouts = { response_head_total = \"off\" }"),
    );
    Ask::get("/metrics").to(gateway.http());
    let before = gateway.resident();
    let mut most = 0;
    let mut wire = gateway.connect();
    wire.send(format!(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {LARGE}\r\n\r\n"
    ));
    for piece in 0..LARGE / PIECE {
        wire.send([b'x'; PIECE]);
        if piece % 100 == 0 {
            most = most.max(gateway.resident());
        }
    }
    assert_eq!(wire.answer().text(), LARGE.to_string());
    assert!(most < before + GROWTH, "{before} became {most}");
    gateway.stop();
}
