//! What one hostile connection can make the gateway hold, by what it sends and nobody takes as well as by what it is sent and
//! does not read.

use std::thread;
use std::time::Duration;

use crate::compression::records;
use crate::support::frames::{
    ACK, DATA, END_STREAM, Frames, GET, GOAWAY, HEADERS, SETTINGS, WINDOW_UPDATE, block,
};
use crate::support::policy::PolicyText;
use crate::support::{Ask, Gate, Gateway, Origin, Proto, Reply, policy, until};

const FLOW_CONTROL: u32 = 3;
/// Bytes that the gateway may grow by for one connection, whatever it does.
pub(super) const BOUND: usize = 16 << 20;

/// A gateway whose allocator returns what is free at once, so that what is seen is held.
pub(super) fn measured(policy: PolicyText) -> Gateway {
    let settings = "dirty_decay_ms:0,muzzy_decay_ms:0";
    Gateway::start_with(policy, &[("_RJEM_MALLOC_CONF", settings)])
}

/// By how many bytes the gateway grows for one connection that does this.
pub(super) fn weight(gateway: &Gateway, attack: impl Fn() -> Frames) -> usize {
    // What is held once for all.
    drop(connect(gateway));
    at_rest(gateway);
    let before = gateway.resident();
    let hostile = attack();
    at_rest(gateway);
    let grown = gateway.resident().saturating_sub(before);
    drop(hostile);
    grown
}

/// Connects and confirms the settings, so that they hold.
pub(super) fn connect(gateway: &Gateway) -> Frames {
    let mut frames = Frames::over(Proto::H2c, gateway);
    frames.send(SETTINGS, ACK, 0, &[]);
    frames.settle();
    frames
}

#[test]
fn half_a_head() {
    let origin = Origin::echo();
    let gateway = measured(policy([origin.address()]));
    let weight = weight(&gateway, || {
        let mut frames = connect(&gateway);
        let head = [block(&GET), block(&[("x-large", &"x".repeat(15_000))])].concat();
        frames.send(HEADERS, END_STREAM, 1, &head);
        frames.send(9, 0, 1, &block(&[("x-larger", &"x".repeat(15_000))]));
        // Whether it is read cannot be told by a ping within a head; that a second connection is served shows it.
        drop(connect(&gateway));
        frames
    });
    assert!(weight < BOUND, "{weight} bytes");
    gateway.stop();
}

#[test]
fn uploads_that_nobody_reads() {
    /// All that the connection may send before somebody reads it, in pieces of 16 KiB.
    const PIECES: u32 = 80;
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("done"));
    });
    // One request at the application, and all others wait for it with what they have sent.
    let full = policy([origin.address()]).upstream("max_inflight = 1\nqueue = { timeout = \"60s\" }");
    let gateway = measured(full);
    let first = Ask::get("/").start(gateway.http());
    origin.wait_for_calls(1);
    let post = [&[(":method", "POST")], &GET[1..]].concat();
    let weight = weight(&gateway, || {
        let mut frames = connect(&gateway);
        for stream in [1, 3, 5, 7] {
            frames.request(stream, &post, 0);
        }
        for at in 0..PIECES {
            frames.send(DATA, 0, 2 * (at % 4) + 1, &[b'x'; 1 << 14]);
        }
        frames.settle();
        frames
    });
    assert!(weight < BOUND, "{weight} bytes");
    let mut greedy = connect(&gateway);
    for stream in [1, 3, 5, 7] {
        greedy.request(stream, &post, 0);
    }
    (0..=PIECES).all(|at| greedy.send(DATA, 0, 2 * (at % 4) + 1, &[b'x'; 1 << 14]));
    let rest = greedy.rest();
    let goodbye = rest.iter().find(|frame| frame.kind == GOAWAY);
    assert!(
        goodbye.is_some_and(|frame| frame.error() == FLOW_CONTROL),
        "it may send more: {rest:?}"
    );
    gate.open();
    drop(first);
    gateway.stop();
}

#[test]
fn downloads_that_nobody_reads() {
    let reply = Reply::new(200, "application/octet-stream", vec![b'x'; 512 << 10]);
    let weight = unread(&reply, &GET, i32::MAX.cast_unsigned());
    assert!(weight < BOUND, "{weight} bytes");
}

/// Encoders and what is gathered for them, whatever windows the client grants.
#[test]
fn compressed_downloads_that_nobody_reads() {
    let reply = Reply::new(200, "text/plain", records(2 << 20));
    let asking = [&GET[..], &[("accept-encoding", "gzip")]].concat();
    for window in [i32::MAX.cast_unsigned(), 1000, 1] {
        let weight = unread(&reply, &asking, window);
        assert!(weight < BOUND, "{weight} bytes with windows of {window}");
    }
}

/// What a connection holds that asks for much, grants each answer such a window, and takes no more than its socket does.
fn unread(reply: &Reply, request: &[(&str, &str)], window: u32) -> usize {
    let reply = reply.bytes();
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.send(&reply);
    });
    let gateway = measured(policy([origin.address()]));
    let weight = weight(&gateway, || {
        let mut frames = connect(&gateway);
        frames.send(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat());
        frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
        frames.settle();
        for stream in 0..100 {
            frames.request(2 * stream + 1, request, END_STREAM);
        }
        origin.wait_for_calls(100);
        (0..100).for_each(|_| gate.pass_one());
        drop(connect(&gateway));
        frames
    });
    drop(origin);
    gateway.stop();
    weight
}

/// Waits until nothing goes on any more: what is on its way to somewhere is held twice. Looked at often rather than once after so
/// long, so that others have had their turns between where they wait for a processor.
fn at_rest(gateway: &Gateway) {
    const LOOKS: usize = 50;
    until("nothing goes on", || {
        let before = gateway.cpu_time();
        let asleep = (0..LOOKS).all(|_| {
            thread::park_timeout(Duration::from_millis(10));
            gateway.is_asleep()
        });
        asleep && gateway.cpu_time().saturating_sub(before) <= Duration::from_millis(10)
    });
}
