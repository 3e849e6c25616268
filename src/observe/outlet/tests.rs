//! The queue and its writer: nothing is lost in silence, nobody waits.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write, pipe};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn writes_all_that_waits_before_it_stops() {
    let (mut reader, writer) = pipe().unwrap();
    let lost = Counter::detached();
    let outlet = Outlet::start("test", Sink::to(Box::new(writer)), lost.clone()).unwrap();
    let mut batch = outlet.buffer();
    for line in ["one\n", "two\n"] {
        batch.extend_from_slice(line.as_bytes());
        outlet.hand_over(&mut batch);
        assert!(batch.is_empty());
    }
    outlet.send(b"three\n".to_vec());
    assert!(outlet.stop(PATIENCE));
    outlet.send(b"too late\n".to_vec());
    drop(outlet);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one\ntwo\nthree\n");
    assert_eq!(lost.get(), 1);
}

#[test]
fn drops_and_counts_when_the_sink_takes_nothing() {
    let (reader, writer) = pipe().unwrap();
    let lost = Counter::detached();
    let outlet = Outlet::start("test", Sink::to(Box::new(writer)), lost.clone()).unwrap();
    let line = [vec![b'x'; BATCH - 1], b"\n".to_vec()].concat();
    let mut batch = Vec::new();
    // One in the writer's hands, the queue full, and then some.
    let sent = QUEUE / BATCH + 10;
    for _ in 0..sent {
        batch.extend_from_slice(&line);
        outlet.hand_over(&mut batch);
    }
    assert!(lost.get() >= 8, "{} lost", lost.get());
    assert!(!outlet.stop(Duration::ZERO), "a stuck sink is given up on");
    drop(reader);
    assert!(outlet.stop(PATIENCE));
    // The closed pipe loses the rest; one line fits into it whole.
    assert!(
        (sent as u64 - 1..=sent as u64).contains(&lost.get()),
        "{} lost",
        lost.get()
    );
}

#[test]
fn a_swapped_sink_gets_what_comes_after() {
    let (before, after) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    let outlet = Outlet::start("test", Sink::file(before.path()).unwrap(), Counter::detached()).unwrap();
    outlet.send(b"one\n".to_vec());
    outlet.swap(Sink::file(after.path()).unwrap());
    outlet.send(b"two\n".to_vec());
    assert!(outlet.stop(PATIENCE));
    assert_eq!(std::fs::read(before.path()).unwrap(), b"one\n");
    assert_eq!(std::fs::read(after.path()).unwrap(), b"two\n");
}

#[test]
fn buffers_come_back() {
    let outlet = Outlet::start("test", Sink::to(Box::new(std::io::sink())), Counter::detached()).unwrap();
    let mut batch = outlet.buffer();
    batch.write_all(b"one\n").unwrap();
    let place = batch.as_ptr();
    outlet.hand_over(&mut batch);
    assert!(outlet.stop(PATIENCE));
    let next = outlet.buffer();
    assert_eq!(next.as_ptr(), place);
}
