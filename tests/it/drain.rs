//! SIGTERM: what is under way finishes, nothing new begins, and the end comes in any case.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::exit::{Running, folder_with};
use crate::support::reply::chunk;
use crate::support::{
    Ask, Certs, DEADLINE, Gate, Gateway, Origin, Proto, Reply, Session, Wire, policy, until,
};

fn holding() -> (Origin, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("finished"));
    });
    (origin, gate)
}

#[test]
fn what_is_in_flight_finishes_and_the_exit_is_clean() {
    for signal in [Signal::TERM, Signal::INT] {
        let (origin, gate) = holding();
        let gateway = Gateway::start(policy([origin.address()]).gateway("drain = \"20s\""));
        let address = gateway.http();
        let mut wire = Ask::get("/").start(address);
        origin.wait_for_calls(1);
        gateway.signal(signal);
        until("new connections are refused", || {
            Wire::try_connect(address).is_err()
        });
        gate.open();
        let answer = wire.answer();
        assert_eq!((answer.status, answer.text().as_str()), (200, "finished"));
        assert!(wire.is_closed());
        let exit = gateway.wait();
        assert_eq!(exit.code, Some(0), "{}", exit.output());
    }
}

#[test]
fn idle_connections_do_not_hold_it_up() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).gateway("drain = \"60s\""));
    let mut used = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut used).status, 200);
    let mut unused = gateway.connect();
    let start = Instant::now();
    gateway.terminate();
    assert!(used.is_closed());
    assert!(unused.is_closed());
    assert_eq!(gateway.wait().code, Some(0));
    assert!(Instant::now() < start + DEADLINE);
}

#[test]
fn a_request_that_never_ends_is_cut_at_the_deadline() {
    let (origin, gate) = holding();
    let gateway = Gateway::start(policy([origin.address()]).gateway("drain = \"300ms\""));
    let mut wire = Ask::get("/").start(gateway.http());
    origin.wait_for_calls(1);
    let start = Instant::now();
    gateway.terminate();
    let output = gateway.wait().output();
    assert!(Instant::now().duration_since(start) >= Duration::from_millis(300));
    assert!(wire.try_answer().is_none_or(|answer| answer.status >= 500));
    assert!(
        output.contains("\"end\":\"drain_over\""),
        "it was not logged: {output}"
    );
    assert!(output.contains(" cut\""), "nobody received a 503: {output}");
    assert!(!output.contains("\"error\":\"\""), "{output}");
    gate.open();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (origin, gate) = holding();
    let gateway = Gateway::start(policy([origin.address()]).gateway("drain = \"10m\""));
    let address = gateway.http();
    let mut wire = Ask::get("/").start(address);
    origin.wait_for_calls(1);
    gateway.terminate();
    until("the drain began", || Wire::try_connect(address).is_err());
    gateway.terminate();
    gateway.wait();
    assert!(wire.try_answer().is_none());
    gate.open();
}

#[test]
fn the_last_lines_of_the_access_log_are_written() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/")
        .header("X-Request-ID", "the-very-last")
        .to(gateway.http());
    assert!(gateway.stop().output().contains("the-very-last"));
}

#[test]
fn an_operator_who_reads_nothing_does_not_hold_it_up() {
    let folder = folder_with(&policy([Origin::echo().address()]).text());
    let (_unread, full) = std::io::pipe().unwrap();
    let mut filling = full.try_clone().unwrap();
    thread::spawn(move || while filling.write_all(&[b'x'; 4096]).is_ok() {});
    let mut running = Running::start_telling(full.into(), &["serve", "portcullis.toml"], folder.path(), &[]);
    running.stdout.find("it to serve", |lines| {
        lines.iter().any(|line| line.contains("serving")).then_some(())
    });
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code, Some(0));
}

#[test]
fn event_streams_end_between_two_events_and_do_not_hold_it_up() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        line.send(chunk("data: 1\n\ndata: "));
        assert!(held.wait());
        line.send(chunk("2\n\n"));
        line.wait_for_close();
    });
    let text = policy([origin.address()]).gateway("drain = \"10m\"");
    let text = text.and("[defaults.stream]\non_drain = \"end\"");
    let gateway = Gateway::start(text.tls(&Certs::new()));
    let mut streams: Vec<_> = Proto::ALL
        .into_iter()
        .map(|proto| Session::open(proto, &gateway).start(&Ask::get("/")))
        .collect();
    for stream in &mut streams {
        assert_eq!(stream.head().status, 200);
        stream.piece_with("data: 1\n\n");
    }
    let address = gateway.http();
    gateway.terminate();
    until("the drain began", || Wire::try_connect(address).is_err());
    gate.open();
    for stream in &mut streams {
        let rest = stream.rest_of_body();
        assert!(rest.complete && rest.bytes.ends_with(b"2\n\n"), "{rest:?}");
    }
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.output());
    assert_eq!(
        exit.output().matches("\"end\":\"drained\"").count(),
        4,
        "{}",
        exit.output()
    );
}

#[test]
fn event_streams_run_on_to_the_deadline_and_are_cut_there_for_all_to_see() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        line.send(chunk("data: 1\n\n"));
        assert!(held.wait());
        line.send(chunk("data: 2\n\n"));
        line.wait_for_close();
    });
    let text = policy([origin.address()]).gateway("drain = \"3s\"");
    let gateway = Gateway::start(text.tls(&Certs::new()));
    let mut streams: Vec<_> = Proto::ALL
        .into_iter()
        .map(|proto| Session::open(proto, &gateway).start(&Ask::get("/")))
        .collect();
    let mut old = gateway.connect();
    old.send("GET / HTTP/1.0\r\nHost: gateway.test\r\n\r\n");
    assert_eq!(old.head().status, 200);
    old.piece_with("data: 1\n\n");
    for stream in &mut streams {
        assert_eq!(stream.head().status, 200);
        stream.piece_with("data: 1\n\n");
    }
    let address = gateway.http();
    gateway.terminate();
    until("the drain began", || Wire::try_connect(address).is_err());
    gate.open();
    for stream in &mut streams {
        let rest = stream.rest_of_body();
        assert!(!rest.complete && rest.bytes.ends_with(b"2\n\n"), "{rest:?}");
    }
    assert!(old.is_reset(), "a client of HTTP/1.0 would take it for whole");
    let output = gateway.wait().output();
    assert_eq!(output.matches("\"end\":\"drain_over\"").count(), 5, "{output}");
}
