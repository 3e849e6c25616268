//! How a connection of HTTP/2 ends in peace (RFC 9113 §6.8): first a word that no more requests should come, then
//! which of them were the last, and what is under way is finished in between.

use std::time::{Duration, Instant};

use crate::support::frames::{ACK, DATA, END_STREAM, Frame, Frames, GET, GOAWAY, HEADERS, PING};
use crate::support::{Certs, Gate, Gateway, Origin, Proto, Reply, policy};

/// Holds all requests but those for `/`.
fn holding(gate: &Gate) -> Origin {
    let held = gate.clone();
    Origin::playing(move |call, line| {
        if call.target != "/" {
            held.wait();
        }
        line.reply(&Reply::text("whole"));
    })
}

fn held() -> [(&'static str, &'static str); 4] {
    [GET[0], GET[1], (":path", "/held"), GET[3]]
}

fn last_of(goaway: &Frame) -> u32 {
    u32::from_be_bytes(goaway.payload[..4].try_into().unwrap())
}

/// Plays the two steps with a request under way and one that crosses the first word.
fn in_two_steps(frames: &mut Frames, gate: &Gate, origin: &Origin) {
    let first = frames.next_of(GOAWAY);
    assert_eq!(
        (first.error(), last_of(&first)),
        (0, 0x7fff_ffff),
        "everything may still come"
    );
    // Sent before the first word was read, as far as the gateway can tell.
    frames.request(3, &GET, END_STREAM);
    let asked = frames.next_of(PING);
    assert!(!asked.has(ACK));
    frames.send(PING, ACK, 0, &asked.payload);
    let mut rest = Vec::new();
    let second = loop {
        let frame = frames.next().expect("closed before the second word");
        if frame.kind == GOAWAY {
            break frame;
        }
        rest.push(frame);
    };
    assert_eq!((second.error(), last_of(&second)), (0, 3));
    // Too late: nobody answers, and the client may ask again elsewhere.
    frames.request(5, &GET, END_STREAM);
    gate.open();
    rest.extend(frames.rest());
    for stream in [1, 3] {
        let of: Vec<_> = rest.iter().filter(|frame| frame.stream == stream).collect();
        assert!(of.iter().any(|frame| frame.kind == HEADERS), "{stream}: {rest:?}");
        assert!(
            of.iter()
                .any(|frame| frame.kind == DATA && frame.payload == b"whole"),
            "{stream}: {rest:?}"
        );
        assert!(of.last().unwrap().has(END_STREAM), "{stream}: {rest:?}");
    }
    assert!(rest.iter().all(|frame| frame.stream != 5), "{rest:?}");
    assert_eq!(origin.calls().len(), 2);
}

#[test]
fn a_stop_ends_connections_in_two_steps() {
    for proto in [Proto::H2c, Proto::H2Tls] {
        let (gate, certs) = (Gate::default(), Certs::new());
        let origin = holding(&gate);
        let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
        let mut frames = Frames::over(proto, &gateway);
        frames.request(1, &held(), END_STREAM);
        origin.wait_for_calls(1);
        gateway.terminate();
        in_two_steps(&mut frames, &gate, &origin);
        assert_eq!(gateway.wait().code, Some(0));
    }
}

#[test]
fn a_reload_without_its_listener_ends_connections_in_two_steps() {
    let gate = Gate::default();
    let origin = holding(&gate);
    let stays = policy([origin.address()]);
    let gateway = Gateway::start(stays.clone().and("[listeners.goes]\naddress = \"127.0.0.1:0\""));
    let mut frames = Frames::open(gateway.address("goes"));
    frames.request(1, &held(), END_STREAM);
    origin.wait_for_calls(1);
    gateway.rewrite(stays);
    assert!(gateway.reload());
    in_two_steps(&mut frames, &gate, &origin);
    gateway.stop();
}

#[test]
fn a_reload_that_leaves_the_listener_leaves_its_connections() {
    let gate = Gate::default();
    let origin = holding(&gate);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &held(), END_STREAM);
    origin.wait_for_calls(1);
    assert!(gateway.reload());
    frames.settle();
    gate.open();
    assert_eq!(frames.fate(1).unwrap().status(), Some(200));
    frames.request(3, &GET, END_STREAM);
    assert_eq!(frames.fate(3).unwrap().status(), Some(200));
    gateway.stop();
}

#[test]
fn a_client_that_does_not_answer_does_not_hold_up_the_stop() {
    let gate = Gate::default();
    let origin = holding(&gate);
    let gateway = Gateway::start(policy([origin.address()]).gateway("drain = \"20s\""));
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &GET, END_STREAM);
    assert_eq!(frames.fate(1).unwrap().status(), Some(200));
    let start = Instant::now();
    gateway.terminate();
    assert_eq!(gateway.wait().code, Some(0));
    assert!(Instant::now() - start < Duration::from_secs(10));
}
