//! An upstream's own limit: so many at once, so many waiting for so long, and a clean 503 for the rest.

use crate::support::{Answer, Ask, Gate, Gateway, Origin, Reply, policy};

fn one_at_a_time(queue: &str) -> (Origin, Gate, Gateway) {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("done"));
    });
    let gateway =
        Gateway::start(policy([origin.address()]).upstream(&format!("max_inflight = 1\nqueue = {queue}")));
    (origin, gate, gateway)
}

#[track_caller]
fn assert_told_to_retry(answer: &Answer, code: &str) {
    answer.assert_refused(503, code);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

#[test]
fn a_queued_request_is_served_when_its_turn_comes() {
    let (origin, gate, gateway) = one_at_a_time("{ size = 10, timeout = \"20s\" }");
    let mut first = Ask::get("/1").start(gateway.http());
    origin.wait_for_calls(1);
    let mut second = Ask::get("/2").start(gateway.http());
    wait_until_queued(&gateway, 1);
    assert_eq!(origin.calls().len(), 1);
    gate.open();
    assert_eq!((first.answer().status, second.answer().status), (200, 200));
    gateway.stop();
}

#[test]
fn a_wait_that_is_too_long_is_503() {
    let (origin, gate, gateway) = one_at_a_time("{ size = 10, timeout = \"200ms\" }");
    let mut first = Ask::get("/1").start(gateway.http());
    origin.wait_for_calls(1);
    assert_told_to_retry(&Ask::get("/2").to(gateway.http()), "upstream_queue_timeout");
    gate.open();
    assert_eq!(first.answer().status, 200);
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn a_full_queue_is_503_at_once() {
    let (origin, gate, gateway) = one_at_a_time("{ size = 1, timeout = \"20s\" }");
    let mut first = Ask::get("/1").start(gateway.http());
    origin.wait_for_calls(1);
    let mut second = Ask::get("/2").start(gateway.http());
    wait_until_queued(&gateway, 1);
    assert_told_to_retry(&Ask::get("/3").to(gateway.http()), "upstream_busy");
    gate.open();
    assert_eq!((first.answer().status, second.answer().status), (200, 200));
    gateway.stop();
}

#[test]
fn a_client_that_leaves_the_queue_takes_no_turn() {
    let (origin, gate, gateway) = one_at_a_time("{ size = 1, timeout = \"20s\" }");
    let mut first = Ask::get("/1").start(gateway.http());
    origin.wait_for_calls(1);
    drop(Ask::get("/left").start(gateway.http()));
    wait_until_queued(&gateway, 0);
    let mut third = Ask::get("/3").start(gateway.http());
    wait_until_queued(&gateway, 1);
    gate.open();
    assert_eq!((first.answer().status, third.answer().status), (200, 200));
    gateway.stop();
}

fn wait_until_queued(gateway: &Gateway, count: i64) {
    crate::support::until(&format!("{count} in the queue"), || {
        gateway
            .metrics()
            .count("portcullis_upstream_queued", &[("upstream", "backend")])
            == count
    });
}
