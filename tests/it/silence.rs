//! Who may be silent for how long while an answer passes: the application and the client have limits of their own,
//! and what stays open on purpose has others.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, Wire, policy, run};

/// Sends a piece of an answer without a length and waits at the gate; the path is the media type.
fn pausing(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::playing(move |call, line| {
        line.send(Reply::new(200, call.target.trim_start_matches('/'), "").chunked_head());
        line.send(chunk("{}\n"));
        if gate.wait() {
            line.send([chunk("{}\n"), "0\r\n\r\n".into()].concat());
        }
    })
}

/// What a side does that is silent.
fn pause(period: Duration) {
    let nobody_comes = !Gate::default().wait_for(period);
    assert!(nobody_comes);
}

fn fired(gateway: &Gateway, timeout: &str) -> i64 {
    let label = [("timeout", timeout)];
    gateway.metrics().count("portcullis_timeouts_total", &label)
}

#[test]
fn the_defaults_are_longer_than_the_waits_of_protocols() {
    let exit = run(
        &["explain", "GET", "/", "--format", "json"],
        &policy(["127.0.0.1:9"]).text(),
        &[],
    );
    let told: Value = serde_json::from_str(&exit.stdout.join("\n")).unwrap();
    let timeouts = told["timeouts"].as_array().unwrap();
    for (name, value) in [
        ("timeouts.response_head", "2m"),
        ("timeouts.response_head_total", "150s"),
        ("timeouts.request_body_idle", "30s"),
        ("timeouts.response_body_idle", "1m"),
        ("timeouts.client_stall", "1m"),
        ("stream.idle", "5m"),
        ("stream.max_open_per_client", "200"),
    ] {
        let setting = timeouts.iter().find(|setting| setting["name"] == name).unwrap();
        assert_eq!(setting["value"], value, "{name}");
        assert_eq!(setting["sources"][0]["from"], "built_in", "{name}");
    }
}

#[test]
fn the_old_name_of_a_key_is_refused_with_the_new_one() {
    let text = policy(["127.0.0.1:9"]).and("[defaults.timeouts]\ntotal = \"9s\"");
    run(&["check"], &text.text(), &[]).assert(2, &["`total` is called `response_head_total` now"]);
}

#[test]
fn what_is_sent_line_by_line_or_part_by_part_is_a_stream_by_itself() {
    let gate = Gate::default();
    let origin = pausing(&gate);
    let certs = Certs::new();
    let text = policy([origin.address()])
        .tls(&certs)
        .and("[defaults]\nmax_inflight_per_client = 1\ntimeouts.response_body_idle = \"100ms\"");
    let gateway = Gateway::start(text);
    for (count, (path, kind)) in [
        ("/application/x-ndjson", "ndjson"),
        ("/application/jsonl", "ndjson"),
        ("/application/json-seq", "ndjson"),
        ("/application/stream+json", "ndjson"),
        ("/multipart/mixed;boundary=x", "multipart"),
        ("/multipart/x-mixed-replace;boundary=x", "multipart"),
    ]
    .into_iter()
    .enumerate()
    {
        for proto in [Proto::Http1, Proto::H2Tls] {
            let mut stream = Session::open(proto, &gateway).start(&Ask::get(path));
            assert_eq!(stream.head().status, 200, "{path}: {proto:?}");
            stream.piece_with("{}");
            gate.wait_for_waiters(1);
            let open = gateway
                .metrics()
                .count("portcullis_streams_open", &[("kind", kind)]);
            assert_eq!(open, 1, "{path}: {count}");
            // Longer than an ordinary answer may be silent.
            pause(Duration::from_millis(400));
            gate.pass_one();
            assert!(stream.rest_of_body().complete, "{path}: {proto:?}");
        }
    }
    assert_eq!(fired(&gateway, "response_body_idle"), 0);
    gateway.stop();
}

#[test]
fn an_answer_without_a_length_may_pause_as_long_as_a_stream() {
    let gate = Gate::default();
    let origin = pausing(&gate);
    let certs = Certs::new();
    let text = |lines: &str| policy([origin.address()]).tls(&certs).and(lines);
    let gateway = Gateway::start(text("[defaults.stream]\nidle = \"300ms\""));
    for proto in [Proto::Http1, Proto::H2Tls] {
        let id = format!("paused-{proto:?}");
        let ask = Ask::get("/text/plain").header("X-Request-ID", &id);
        let mut answer = Session::open(proto, &gateway).start(&ask);
        assert_eq!(answer.head().status, 200);
        assert!(!answer.rest_of_body().complete, "{proto:?}");
        let line = gateway.wait_for_log(&id, |line| line["request_id"] == id.as_str());
        assert_eq!(line["end"], "stream_idle");
        gate.pass_one();
    }
    assert_eq!(fired(&gateway, "stream.idle"), 2);
    gateway.stop();
    // What is written holds, in a route or in the defaults, and the request stays in flight.
    let written = "[defaults]\nmax_inflight_per_client = 1\nstream.idle = \"100ms\"\n\
                   timeouts.response_body_idle = \"1h\"";
    let gateway = Gateway::start(text(written));
    let mut wire = Ask::get("/text/plain").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    wire.piece_with("{}");
    assert!(wire.is_silent_for(Duration::from_millis(400)));
    Ask::get("/text/plain")
        .to(gateway.http())
        .assert_refused(429, "too_many_in_flight");
    gate.open();
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn an_answer_whose_length_is_told_is_not_held_to_the_idle_time_of_streams() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        held.wait();
        line.send("done");
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults.stream]\nidle = \"100ms\""));
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    wire.piece_with("half");
    assert!(wire.is_silent_for(Duration::from_millis(400)));
    gate.open();
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn the_silence_of_the_application_is_no_pause_of_the_client() {
    let gate = Gate::default();
    let origin = pausing(&gate);
    let certs = Certs::new();
    let text = policy([origin.address()]).tls(&certs);
    let gateway = Gateway::start(text.and("[defaults.timeouts]\nclient_stall = \"100ms\""));
    for proto in [Proto::Http1, Proto::H2Tls] {
        let mut answer = Session::open(proto, &gateway).start(&Ask::get("/text/plain"));
        assert_eq!(answer.head().status, 200);
        answer.piece_with("{}");
        pause(Duration::from_millis(500));
        gate.pass_one();
        assert!(answer.rest_of_body().complete, "{proto:?}");
    }
    gateway.stop();
}

/// An answer of so many bytes, whose length is told.
fn large(length: usize) -> Origin {
    Origin::playing(move |_, line| {
        line.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
        let mut left = length;
        while left > 0 && line.send(&[b'x'; 64 << 10][..left.min(64 << 10)]) {
            left -= left.min(64 << 10);
        }
    })
}

#[test]
fn a_client_that_has_read_a_little_may_pause_longer_than_the_grace_of_the_minimum_rate() {
    const LENGTH: usize = 32 << 20;
    let origin = large(LENGTH);
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    thread::scope(|scope| {
        for proto in [Proto::Http1, Proto::Http1Tls, Proto::H2c] {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut answer = Session::open(proto, gateway).start(&Ask::get("/"));
                assert_eq!(answer.head().status, 200);
                let mut read = 0;
                while read < 1000 {
                    read += answer.piece().unwrap().len();
                }
                pause(Duration::from_secs(15));
                let rest = answer.rest_of_body();
                assert!(rest.complete && rest.bytes.len() + read == LENGTH, "{proto:?}");
            });
        }
    });
    gateway.stop();
}

#[test]
fn a_client_that_reads_slowly_is_not_taken_for_one_that_reads_nothing() {
    let origin = large(1 << 30);
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&Certs::new())
            .and("[defaults.timeouts]\nclient_stall = \"4s\""),
    );
    thread::scope(|scope| {
        for proto in [Proto::Http1, Proto::Http1Tls] {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut answer = Session::open(proto, gateway).start(&Ask::get("/"));
                assert_eq!(answer.head().status, 200);
                let start = Instant::now();
                while Instant::now() < start + Duration::from_secs(14) {
                    let mut read = 0;
                    // A tenth of what the buffer of the other side holds.
                    while read < 256 << 10 {
                        read += answer.piece().expect("it was given up").len();
                    }
                    pause(Duration::from_secs(1));
                }
            });
        }
    });
    assert_eq!(fired(&gateway, "client_stall"), 0);
    drop(gateway);
}

#[test]
fn a_client_that_takes_a_few_bytes_all_the_time_is_cut() {
    let origin = large(1 << 30);
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults.timeouts]\nclient_stall = \"10m\""));
    let start = Instant::now();
    let mut wire = Wire::narrow(gateway.http());
    wire.send(Ask::get("/").bytes());
    assert_eq!(wire.head().status, 200);
    // 150 bytes a second.
    while wire.exactly(30).is_some() {
        pause(Duration::from_millis(200));
        assert!(
            Instant::now() < start + Duration::from_secs(50),
            "the trickle was let through"
        );
    }
    assert!(
        Instant::now() > start + Duration::from_secs(9),
        "the first 10 s are free"
    );
    let line = gateway.wait_for_log("the line", |line| line["status"] == 200);
    assert_eq!(line["end"], "client_too_slow");
    assert_eq!(fired(&gateway, "response_body_min_rate"), 1);
    gateway.stop();
}
