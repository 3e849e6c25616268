//! What the exposition holds, what leaves it, and that the documentation tells the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Write;
use std::time::Duration;

use http::Method;

use super::*;

fn metrics() -> Arc<Metrics> {
    Metrics::new(UNIX_EPOCH + Duration::from_millis(1_795_234_080_123))
}

#[test]
fn a_request_is_counted_by_method_endpoint_and_status() {
    let metrics = metrics();
    let login = metrics.endpoint("login");
    login.record(&Method::POST, 200, 0.012);
    login.record(&Method::POST, 200, 1.2);
    login.record(&Method::POST, 429, 0.001);
    login.record(&Method::GET, 418, 0.001);
    login.record(&Method::from_bytes(b"PURGE").unwrap(), 418, 0.001);
    login.record(&Method::from_bytes(b"BREW").unwrap(), 418, 0.001);
    let text = metrics.render(&[]);
    for line in [
        r#"http_requests_total{endpoint="login",method="POST",status="200"} 2"#,
        r#"http_requests_total{endpoint="login",method="POST",status="429"} 1"#,
        r#"http_requests_total{endpoint="login",method="GET",status="418"} 1"#,
        r#"http_requests_total{endpoint="login",method="other",status="418"} 2"#,
        r#"http_request_duration_seconds_bucket{endpoint="login",method="POST",le="0.01"} 1"#,
        r#"http_request_duration_seconds_bucket{endpoint="login",method="POST",le="1.5"} 3"#,
        r#"http_request_duration_seconds_count{endpoint="login",method="POST"} 3"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
    }
}

#[test]
fn the_targets_of_the_seeds_are_bounds() {
    let metrics = metrics();
    let endpoint = metrics.endpoint("a");
    endpoint.record(&Method::GET, 200, 0.0);
    let text = metrics.render(&[]);
    for bound in ["0.005", "0.05", "0.1", "0.2", "0.3", "0.5", "1.5", "10"] {
        assert!(
            text.contains(&format!("le=\"{bound}\"}} 1\n")),
            "{bound} in\n{text}"
        );
    }
}

#[test]
fn ten_thousand_unknown_paths_add_no_series() {
    let metrics = metrics();
    let other = metrics.endpoint("other");
    other.record(&Method::GET, 404, 0.001);
    let before = metrics.render(&[]).lines().count();
    for number in 0..10_000 {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        other.record(&Method::GET, 404, 0.001);
        other.record(&method, 404, 0.001);
    }
    let invented_methods = 1 + SERIES_OF_A_HISTOGRAM;
    assert_eq!(metrics.render(&[]).lines().count(), before + invented_methods);
}

/// Its buckets, the infinite one, sum and count.
const SERIES_OF_A_HISTOGRAM: usize = 14 + 3;

#[test]
fn the_same_name_is_the_same_series_over_reloads() {
    let metrics = metrics();
    let old = metrics.endpoint("app");
    old.record(&Method::GET, 200, 0.1);
    let new = metrics.endpoint("app");
    drop(old);
    metrics.reloaded("b");
    new.record(&Method::GET, 200, 0.1);
    assert!(
        metrics
            .render(&[])
            .contains(r#"http_requests_total{endpoint="app",method="GET",status="200"} 2"#)
    );
}

#[test]
fn what_left_the_policy_leaves_the_exposition() {
    let metrics = metrics();
    let before = metrics.render(&[]);
    let (gone, upstream) = (metrics.endpoint("gone"), metrics.upstream("gone"));
    gone.record(&Method::GET, 200, 0.1);
    gone.record(&Method::GET, 599, 0.1);
    gone.slow.count("warn");
    gone.shadowed("limits").inc();
    upstream.requests.count("ok");
    upstream.connects.count("refused");
    upstream.in_flight.inc();
    let server = ("gone".to_owned(), "http://gone:8000".to_owned(), true);
    let while_held = metrics.render(&[server]);
    for series in [
        "http_requests_total{endpoint=\"gone\",method=\"GET\",status=\"5xx\"} 1",
        "portcullis_upstream_server_up{server=\"http://gone:8000\",upstream=\"gone\"} 1",
        "portcullis_upstream_requests_total{result=\"upstream_timeout\",upstream=\"gone\"} 0",
        "portcullis_upstream_malformed_total{reason=\"chunk\",upstream=\"gone\"} 0",
    ] {
        assert!(while_held.contains(series), "{series} is not in:\n{while_held}");
    }
    drop((gone, upstream));
    assert_eq!(metrics.render(&[]), before);
}

#[test]
fn the_policy_in_force_is_one_series() {
    let metrics = metrics();
    metrics.policy_in_force("aaa");
    metrics.reload_refused();
    assert!(metrics.render(&[]).contains("portcullis_last_reload_ok 0\n"));
    metrics.reloaded("bbb");
    let text = metrics.render(&[]);
    assert!(!text.contains("aaa"));
    for line in [
        "portcullis_policy_info{hash=\"bbb\"} 1\n",
        "portcullis_last_reload_ok 1\n",
        "portcullis_reloads_total{result=\"ok\"} 1\n",
        "portcullis_reloads_total{result=\"refused\"} 1\n",
        "portcullis_start_time_seconds 1795234080\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn the_reference_page_lists_every_metric_as_it_is() {
    let page = include_str!("../../../docs/reference/metrics.md");
    let mut table = String::from("| name | kind | labels | meaning |\n|---|---|---|---|\n");
    for Described {
        name,
        kind,
        labels,
        meaning,
    } in metrics().described()
    {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(table, "| `{name}` | {kind} | {} | {meaning} |", labels.join(", ")).unwrap();
    }
    assert!(
        page.contains(&table),
        "the table in `docs/reference/metrics.md` must be\n{table}"
    );
}

#[test]
fn every_described_metric_is_in_the_registry() {
    let metrics = metrics();
    let (endpoint, upstream) = (metrics.endpoint("e"), metrics.upstream("u"));
    endpoint.record(&Method::GET, 200, 0.1);
    endpoint.slow.count("warn");
    endpoint.shadowed("limits");
    let _stream = endpoint.stream(Stream::Sse);
    upstream.requests.count("ok");
    upstream.connects.count("ok");
    upstream.malformed.count("chunk");
    upstream.repaired.count("folded");
    metrics.policy_in_force("hash");
    for words in [
        &metrics.refusals,
        &metrics.connections_refused,
        &metrics.malformed,
        &metrics.timeouts,
        &metrics.sentry_events,
        &metrics.sentry_transactions,
    ] {
        words.count("word");
    }
    let text = metrics.render(&[("u".to_owned(), "s".to_owned(), true)]);
    let mut shown: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    let mut described: Vec<_> = metrics
        .described()
        .iter()
        .map(|it| format!("{} {}", it.name, it.kind))
        .collect();
    shown.sort_unstable();
    described.sort_unstable();
    assert_eq!(shown, described);
}
