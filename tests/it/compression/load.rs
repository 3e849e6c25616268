//! A large body is compressed off the workers: while one is, others are answered as if nothing were.

use std::time::{Duration, Instant};

use super::{asking, assert_gzipped, json, records};
use crate::support::{Ask, Gateway, Origin, Reply, Wire, policy};

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
    let mut wire = gateway.connect();
    let mut before = Vec::new();
    for _ in 0..300 {
        before.push(small_request(&mut wire));
    }
    let download = std::thread::spawn(move || asking("/large").to(address));
    let mut during = Vec::new();
    while !download.is_finished() {
        during.push(small_request(&mut wire));
    }
    assert_gzipped(&download.join().unwrap(), large.as_bytes());
    // Held against what the same machine did a moment before, so that its load makes no difference: on the
    // worker, one request in five waits for thirty times as long.
    let (usual, slow) = (one_in_ten(before), one_in_ten(during));
    assert!(
        slow < 10 * usual + Duration::from_millis(1),
        "one in ten waits {slow:?}, and {usual:?} before"
    );
    gateway.stop();
}

fn small_request(wire: &mut Wire) -> Duration {
    let asked = Instant::now();
    assert_eq!(Ask::get("/small").via(wire).status, 200);
    Instant::now() - asked
}

/// What one in ten waits for at least.
fn one_in_ten(mut waits: Vec<Duration>) -> Duration {
    waits.sort_unstable();
    waits[waits.len() * 9 / 10]
}
