//! W3C Trace Context: one trace through all systems. Kept if it is well-formed, made if there is none, told
//! to the upstream and to the log.

use serde_json::Value;

use crate::support::sentry::Sentry;
use crate::support::{Ask, Gateway, Origin, policy};

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What the upstream saw of a header, every time it was sent.
fn seen(origin: &Origin, name: &str) -> Vec<String> {
    let call = origin.calls().pop().unwrap();
    let headers = call.head.headers.iter();
    headers
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.clone())
        .collect()
}

fn logged(gateway: &Gateway, id: &str) -> Value {
    gateway.wait_for_log("the request's line", |line| line["request_id"] == id)["trace_id"].clone()
}

#[track_caller]
fn assert_fresh(parent: &str) {
    let parts: Vec<_> = parent.split('-').collect();
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    assert_eq!((parts[0], &lengths[..]), ("00", &[2, 32, 16, 2][..]), "{parent}");
    assert!(
        parent
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f' | b'-')),
        "{parent}"
    );
    assert!(!parent.contains(&GIVEN[3..35]), "{parent}");
}

#[test]
fn a_well_formed_trace_is_passed_on_and_logged() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/")
        .header("traceparent", GIVEN)
        .header("tracestate", "rojo=1,congo=t61rcWkgMzE")
        .header("X-Request-ID", "with-a-trace")
        .to(gateway.http());
    assert_eq!(seen(&origin, "traceparent"), [GIVEN]);
    assert_eq!(seen(&origin, "tracestate"), ["rojo=1,congo=t61rcWkgMzE"]);
    assert_eq!(logged(&gateway, "with-a-trace"), GIVEN[3..35]);
    gateway.stop();
}

#[test]
fn without_one_it_is_made() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut traces = Vec::new();
    for id in ["without-trace-1", "without-trace-2"] {
        Ask::get("/").header("X-Request-ID", id).to(gateway.http());
        let parent = seen(&origin, "traceparent").remove(0);
        assert_fresh(&parent);
        assert!(parent.ends_with("-00"), "nobody records it: {parent}");
        assert_eq!(logged(&gateway, id), parent[3..35]);
        traces.push(parent[3..35].to_owned());
    }
    assert_ne!(traces[0], traces[1]);
    Ask::get("/").header("tracestate", "alone=1").to(gateway.http());
    assert!(seen(&origin, "tracestate").is_empty());
    gateway.stop();
}

#[test]
fn what_is_malformed_is_replaced_with_its_state() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for bad in [
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "\"}{\"forged\":1",
        "",
    ] {
        Ask::get("/")
            .header("traceparent", bad)
            .header("tracestate", "rojo=1")
            .to(gateway.http());
        let parents = seen(&origin, "traceparent");
        assert_eq!(parents.len(), 1, "{parents:?}");
        assert_fresh(&parents[0]);
        assert!(seen(&origin, "tracestate").is_empty(), "{bad}");
    }
    let twice = Ask::get("/")
        .header("traceparent", GIVEN)
        .header("traceparent", GIVEN);
    twice.to(gateway.http());
    assert_fresh(&seen(&origin, "traceparent")[0]);
    gateway.stop();
}

#[test]
fn sentry_speaks_of_the_same_trace() {
    let (origin, sentry) = (Origin::echo(), Sentry::start());
    let all = policy([origin.address()]).and(&sentry.table("traces_sample_rate = 1"));
    let gateway = Gateway::start(&all);
    Ask::get("/").to(gateway.http());
    let parent = seen(&origin, "traceparent").remove(0);
    assert!(parent.ends_with("-01"), "it is recorded: {parent}");
    let trace = sentry.wait_for_transactions(1)[0]["contexts"]["trace"].clone();
    assert_eq!(trace["trace_id"], parent[3..35]);
    assert_eq!(
        trace["span_id"],
        parent[36..52],
        "the upstream's spans hang below it"
    );
    Ask::get("/").header("traceparent", GIVEN).to(gateway.http());
    let trace = sentry.wait_for_transactions(2)[1]["contexts"]["trace"].clone();
    assert_eq!(
        (&trace["trace_id"], &trace["parent_span_id"]),
        (&GIVEN[3..35].into(), &GIVEN[36..52].into())
    );
    gateway.stop();
}
