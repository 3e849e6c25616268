#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::UNIX_EPOCH;

use serde_json::Value;

use super::*;
use crate::observe::crashes::case::case;
use crate::observe::crashes::{Dsn, Sampling};

fn writer() -> Writer {
    Writer::new(&Settings {
        dsn: Dsn::parse("https://hunter2@host.test/42").unwrap(),
        environment: "staging".to_owned(),
        release: "shop@7".to_owned(),
        sampling: Sampling::share(1.0),
        events_per_minute: 60,
    })
}

/// The item of a letter, and the whole of it as text.
fn read(letter: Option<Letter>) -> (Value, String) {
    let text = String::from_utf8(letter.unwrap().bytes).unwrap();
    let item = text.lines().nth(2).unwrap();
    (serde_json::from_str(item).unwrap(), text.clone())
}

#[test]
fn a_failure_is_named_by_its_route_and_its_code() {
    let (event, text) = read(writer().failure(&case("login", 502, Some("upstream_closed")), 7));
    // The level `error` is what Sentry takes a missing one for.
    assert!(event.get("level").is_none(), "{text}");
    assert_eq!(event["message"], "502 from the gateway: upstream_closed");
    assert_eq!(event["transaction"], "login");
    assert_eq!(event["fingerprint"][1], "login");
    assert_eq!(event["fingerprint"][2], "upstream_closed");
    assert_eq!(event["environment"], "staging");
    assert_eq!(event["release"], "shop@7");
    assert_eq!(event["extra"]["suppressed_since_the_last"], 7);
    for (tag, value) in [
        ("request_id", "the-request"),
        ("route", "login"),
        ("upstream", "backend"),
        ("refusal", "upstream_closed"),
        ("method", "GET"),
        ("http.status_code", "502"),
    ] {
        assert_eq!(event["tags"][tag], value, "{text}");
    }
}

#[test]
fn an_upstreams_failure_is_told_from_ours() {
    let (event, _) = read(writer().failure(&case("login", 500, None), 0));
    assert_eq!(event["message"], "500 from the upstream: upstream_500");
    assert!(event["tags"].get("refusal").is_none() && event.get("extra").is_none());
}

#[test]
fn neither_the_host_nor_the_dsn_is_told() {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (event, text) = read(writer().failure(&case("login", 500, None), 0));
    assert!(
        event.get("server_name").is_none() && event.get("user").is_none(),
        "{text}"
    );
    assert!(event.get("request").is_none() && event["contexts"].get("device").is_none());
    assert!(
        hostname.trim().len() < 4 || !text.contains(hostname.trim()),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_timing_lasts_until_the_head_and_stands_in_its_trace() {
    let case = case("items", 503, Some("upstream_busy"));
    let began = UNIX_EPOCH + Duration::from_secs(1_000);
    let (item, text) = read(writer().timing(&case, began, Duration::from_millis(250)));
    assert_eq!(item["transaction"], "items", "{text}");
    assert!((item["start_timestamp"].as_f64().unwrap() - 1000.0).abs() < 1e-6);
    assert_eq!(item["timestamp"], "1970-01-01T00:16:40.25Z", "{text}");
    assert_eq!(item["tags"]["http.status_code"], "503");
    let trace = &item["contexts"]["trace"];
    assert_eq!(trace["trace_id"], case.trace.trace_id());
    assert_eq!(trace["span_id"], case.trace.span_id());
    assert_eq!(
        (&trace["op"], &trace["status"]),
        (&"http.server".into(), &"unavailable".into())
    );
    assert_eq!(
        (&item["environment"], &item["release"]),
        (&"staging".into(), &"shop@7".into())
    );
}

#[test]
fn below_a_clients_span_ours_is_a_new_one() {
    let mut case = case("items", 200, None);
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "traceparent",
        http::HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    );
    case.trace = crate::http::trace::Trace::of(&headers, || false);
    let (item, _) = read(writer().timing(&case, UNIX_EPOCH, Duration::ZERO));
    let trace = &item["contexts"]["trace"];
    assert_eq!(trace["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace["parent_span_id"], "00f067aa0ba902b7");
    assert_ne!(trace["span_id"], "00f067aa0ba902b7");
}
