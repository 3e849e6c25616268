//! A large body is compressed off the workers: while one is, others are answered as if nothing were.

use std::time::Instant;

use super::{asking, assert_gzipped, json, records};
use crate::support::{Ask, Gateway, Origin, Reply, policy};

/// About half a second of work at this level.
const LARGE: usize = 24 * 1024 * 1024;

#[test]
fn a_large_body_does_not_hold_up_other_requests() {
    let large = records(LARGE);
    let body = large.clone();
    let origin = Origin::playing(move |call, line| {
        line.reply(&if call.target == "/large" {
            json(&body)
        } else {
            Reply::text("small")
        });
    });
    let text = policy([origin.address()])
        .workers(1)
        .and("[defaults.compression]\nlevel = 9");
    let gateway = Gateway::start(text);
    let address = gateway.http();
    let download = std::thread::spawn(move || {
        let started = Instant::now();
        (asking("/large").to(address), Instant::now() - started)
    });
    let mut wire = gateway.connect();
    let mut waits = Vec::new();
    while !download.is_finished() {
        let asked = Instant::now();
        assert_eq!(Ask::get("/small").via(&mut wire).status, 200);
        waits.push(Instant::now() - asked);
    }
    let (answer, took) = download.join().unwrap();
    assert_gzipped(&answer, large.as_bytes());
    waits.sort_unstable();
    // In proportion to the download, so that a slow machine makes no difference: on the worker, one request in
    // five waits for thirty times as long.
    let slow = waits[waits.len() * 9 / 10];
    assert!(
        slow < took / 200,
        "one in ten of {} waits {slow:?} during {took:?}",
        waits.len()
    );
    gateway.stop();
}
