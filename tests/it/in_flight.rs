//! Requests in flight and connections, per client: a caller's parallelism is bounded, other callers go free.

use crate::support::{Ask, Gate, Gateway, Origin, Reply, Wire, policy, until};

/// An origin that holds every request but those for `/quick` until the gate opens.
fn holding() -> (Origin, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        line.body();
        if call.target != "/quick" {
            held.wait();
        }
        line.reply(&Reply::text("done"));
    });
    (origin, gate)
}

#[test]
fn the_third_of_two_in_flight_is_refused_until_one_is_done() {
    let (origin, gate) = holding();
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_inflight_per_client = 2"));
    let mut first = Ask::get("/slow").start(gateway.http());
    let mut second = Ask::get("/slow").start(gateway.http());
    origin.wait_for_calls(2);
    Ask::get("/quick")
        .to(gateway.http())
        .assert_refused(429, "too_many_in_flight");
    assert_eq!(
        Ask::get("/quick").sent_by("127.0.0.2", gateway.http()).status,
        200,
        "another client"
    );
    gate.open();
    assert_eq!((first.answer().status, second.answer().status), (200, 200));
    until("the permits are back", || {
        Ask::get("/quick").to(gateway.http()).status == 200
    });
    gateway.stop();
}

#[test]
fn a_body_still_leaving_counts() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/quick" {
            line.reply(&Reply::text("done"));
            return;
        }
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        held.wait();
        line.send("done");
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_inflight_per_client = 1"));
    let mut wire = Ask::get("/").start(gateway.http());
    assert_eq!(wire.head().status, 200);
    Ask::get("/quick")
        .to(gateway.http())
        .assert_refused(429, "too_many_in_flight");
    gate.open();
    assert_eq!(wire.rest_of_body().bytes, b"halfdone");
    until("the permit is back", || {
        Ask::get("/quick").to(gateway.http()).status == 200
    });
    gateway.stop();
}

#[test]
fn a_client_that_leaves_gives_its_place_back_and_the_upstream_notices() {
    let gone = Gate::default();
    let noticed = gone.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/quick" {
            line.reply(&Reply::text("done"));
            return;
        }
        line.wait_for_close();
        noticed.open();
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_inflight_per_client = 1"));
    let wire = Ask::get("/slow").start(gateway.http());
    origin.wait_for_calls(1);
    drop(wire);
    assert!(gone.wait(), "the upstream's connection was not dropped");
    until("the permit is back", || {
        Ask::get("/quick").to(gateway.http()).status == 200
    });
    gateway.stop();
}

#[test]
fn a_stream_leaves_the_count() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/quick" {
            line.reply(&Reply::text("done"));
            return;
        }
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        held.wait();
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_inflight_per_client = 1"));
    let mut stream = Ask::get("/events").start(gateway.http());
    assert_eq!(stream.head().status, 200);
    assert_eq!(Ask::get("/quick").to(gateway.http()).status, 200);
    gate.open();
    assert!(stream.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn off_means_no_limit_in_flight() {
    let (origin, gate) = holding();
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults]\nmax_inflight_per_client = \"off\""));
    let mut wires: Vec<Wire> = (0..120)
        .map(|_| Ask::get("/slow").start(gateway.http()))
        .collect();
    origin.wait_for_calls(120);
    gate.open();
    assert!(wires.iter_mut().all(|wire| wire.answer().status == 200));
    gateway.stop();
}

#[test]
fn connections_of_one_client_are_bounded_and_freed() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_connections_per_client = 2"));
    let mut first = gateway.connect();
    let mut second = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut first).status, 200);
    assert_eq!(Ask::get("/").via(&mut second).status, 200);
    let mut third = gateway.connect();
    third.try_send(Ask::get("/third").bytes());
    let answered = third.try_answer();
    assert!(
        answered.is_none_or(|answer| matches!(answer.status, 429 | 503)),
        "the third was served"
    );
    assert_eq!(
        Ask::get("/").sent_by("127.0.0.2", gateway.http()).status,
        200,
        "another client"
    );
    drop(second);
    until("the place is free again", || {
        let mut wire = gateway.connect();
        wire.try_send(Ask::get("/").bytes()) && wire.try_answer().is_some_and(|answer| answer.status == 200)
    });
    // On the connection that is still there: a new one might meet the last one's place not yet given back.
    let metrics = Ask::get("/metrics").via(&mut first).text();
    assert!(
        metrics.contains("portcullis_connections_refused_total{reason=\"max_connections_per_client\"}"),
        "{metrics}"
    );
    gateway.stop();
}

#[test]
fn connections_in_all_are_bounded() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_connections = 2"));
    let mut kept: Vec<Wire> = ["127.0.0.2", "127.0.0.3"]
        .into_iter()
        .map(|source| Wire::connect_from(source, gateway.http()))
        .collect();
    assert!(kept.iter_mut().all(|wire| Ask::get("/").via(wire).status == 200));
    let mut third = Wire::connect_from("127.0.0.4", gateway.http());
    // Shed at once, or left in the backlog until a place is free: served now it must not be.
    third.try_send(Ask::get("/third").bytes());
    let silent = third.is_silent_for(std::time::Duration::from_millis(300));
    assert!(silent || third.try_answer().is_none_or(|answer| answer.status == 503));
    assert!(origin.calls().iter().all(|call| call.target != "/third"));
    drop(kept);
    until("a place is free again", || {
        let mut wire = gateway.connect();
        wire.try_send(Ask::get("/").bytes()) && wire.try_answer().is_some_and(|answer| answer.status == 200)
    });
    gateway.stop();
}

#[test]
fn the_first_refusal_of_a_private_address_is_one_warning_that_says_what_to_write() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        line.wait_for_close();
    });
    let text = policy([origin.address()]).and("[defaults.stream]\nmax_open_per_client = 1");
    let gateway = Gateway::start(text.listener("max_connections_per_client = 4"));
    let mut open = Ask::get("/").start(gateway.http());
    assert_eq!(open.head().status, 200);
    for _ in 0..2 {
        Ask::get("/")
            .to(gateway.http())
            .assert_refused(429, "too_many_streams");
    }
    let mut wires: Vec<Wire> = Vec::new();
    until("a connection is refused", || {
        let mut late = gateway.connect();
        late.try_send(Ask::get("/").bytes());
        let refused = late.try_answer().is_some_and(|answer| answer.status == 503);
        wires.push(late);
        refused
    });
    drop((open, wires));
    let output = gateway.stop().output();
    let warned = |key: &str| {
        let lines = output.lines().filter(|line| line.contains("private address"));
        lines
            .filter(|line| line.contains(&format!("raise `{key}`")))
            .count()
    };
    assert_eq!(warned("stream.max_open_per_client"), 1, "{output}");
    assert_eq!(warned("max_connections_per_client"), 1, "{output}");
    assert!(output.contains("trusted_proxies"), "{output}");
}
