//! The metrics: the seed's two names exactly, bounded in number, and not for everyone's eyes.

use crate::support::{Ask, Gateway, Origin, Reply, policy, until};

fn named_routes(origin: &Origin) -> String {
    policy([origin.address()])
        .route("item", "path = \"/items/{id}\"", "")
        .route("form", "path = \"/form\", methods = [\"POST\"]", "")
        .into()
}

#[test]
fn requests_are_counted_by_method_endpoint_and_status() {
    let origin = Origin::echo();
    let gateway = Gateway::start(named_routes(&origin));
    for id in 0..3 {
        Ask::get(&format!("/items/{id}")).to(gateway.http());
    }
    Ask::post("/form", "x").to(gateway.http());
    Ask::get("/nowhere").to(gateway.http());
    let metrics = gateway.metrics();
    let count = |labels: &[(&str, &str)]| metrics.count("http_requests_total", labels);
    assert_eq!(
        count(&[("method", "GET"), ("endpoint", "item"), ("status", "200")]),
        3
    );
    assert_eq!(
        count(&[("method", "POST"), ("endpoint", "form"), ("status", "200")]),
        1
    );
    assert_eq!(
        count(&[("method", "GET"), ("endpoint", "other"), ("status", "404")]),
        1
    );
    assert_eq!(
        metrics.labels("http_requests_total"),
        ["endpoint", "method", "status"]
    );
    assert_eq!(
        metrics.labels("http_request_duration_seconds_count"),
        ["endpoint", "method"]
    );
    assert_eq!(
        metrics.count("http_request_duration_seconds_count", &[("endpoint", "item")]),
        3
    );
    assert!(metrics.sum("http_request_duration_seconds_sum", &[("endpoint", "item")]) > 0.0);
    let strangers: Vec<_> = metrics
        .names()
        .into_iter()
        .filter(|name| {
            !["http_request", "portcullis_", "process_"]
                .iter()
                .any(|known| name.starts_with(known))
        })
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    gateway.stop();
}

#[test]
fn ten_thousand_paths_and_a_hundred_methods_add_no_series() {
    let origin = Origin::echo();
    let gateway = Gateway::start(named_routes(&origin));
    let mut wire = gateway.connect();
    Ask::get("/warm-up").via(&mut wire);
    Ask::get("/items/warm-up").via(&mut wire);
    Ask::new("INVENT-0", "/warm-up").via(&mut wire);
    let before = gateway.metrics().len();
    for number in 0..10_000 {
        let ask = if number % 100 == 0 {
            Ask::new(&format!("INVENT-{number}"), "/warm-up")
        } else {
            Ask::get(&format!("/random/{number}?q={number}"))
        };
        assert_eq!(ask.via(&mut wire).status, 404);
    }
    Ask::get("/items/another").via(&mut wire);
    let after = gateway.metrics();
    assert_eq!(after.len(), before);
    assert_eq!(
        after.count("http_requests_total", &[("endpoint", "other"), ("status", "404")]),
        10_002
    );
    gateway.stop();
}

#[test]
fn an_application_that_invents_statuses_adds_one_series_for_each_class() {
    let origin = Origin::playing(|call, line| {
        let status = call.target.trim_start_matches('/').parse().unwrap();
        line.reply(&Reply::new(status, "text/plain", "any"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    for status in (430..=450).chain(512..=598) {
        Ask::get(&format!("/{status}")).via(&mut wire);
    }
    let metrics = gateway.metrics();
    let count = |status| metrics.count("http_requests_total", &[("status", status)]);
    assert_eq!((count("431"), count("4xx"), count("5xx")), (1, 20, 87));
    assert_eq!(metrics.count("http_requests_total", &[]), 21 + 87);
    gateway.stop();
}

#[test]
fn what_can_fail_stands_at_zero_before_it_does() {
    let gateway = Gateway::start(policy(["127.0.0.1:9"]));
    let metrics = gateway.metrics();
    for (name, label, word) in [
        ("portcullis_refusals_total", "code", "rate_limited"),
        ("portcullis_refusals_total", "code", "upstream_timeout"),
        ("portcullis_timeouts_total", "timeout", "response_head"),
        (
            "portcullis_connections_refused_total",
            "reason",
            "max_connections",
        ),
        (
            "portcullis_upstream_requests_total",
            "result",
            "upstream_unreachable",
        ),
        ("portcullis_upstream_connects_total", "result", "failed"),
        ("portcullis_upstream_malformed_total", "reason", "chunk"),
    ] {
        assert!(metrics.has(name, &[(label, word)]), "{name} has no {word}");
        assert_eq!(metrics.count(name, &[(label, word)]), 0, "{name} {word}");
    }
    gateway.stop();
}

#[test]
fn what_a_reload_removes_is_no_longer_shown() {
    let (stays, goes) = (Origin::echo(), Origin::echo());
    let of = |servers: Vec<_>, route| {
        let text = policy(servers).workers(4);
        text.route(route, "path = \"/*\"", "").text()
    };
    let gateway = Gateway::start(of(vec![stays.address(), goes.address()], "before"));
    Ask::get("/").to(gateway.http());
    let gone = goes.address().to_string();
    let shown = |labels: &[(&str, &str)]| {
        let metrics = gateway.metrics();
        let names = ["portcullis_upstream_server_up", "http_requests_total"];
        names.iter().any(|name| metrics.has(name, labels))
    };
    assert!(shown(&[("server", &gone)]) && shown(&[("endpoint", "before")]));
    gateway.rewrite(of(vec![stays.address()], "after"));
    assert!(gateway.reload());
    assert!(!shown(&[("server", &gone)]));
    // Workers without a request let go of the old policy, too.
    until("the old route is gone", || !shown(&[("endpoint", "before")]));
    gateway.stop();
}

#[test]
fn refusals_are_counted_by_their_code() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"1B\""));
    Ask::post("/", "xx")
        .to(gateway.http())
        .assert_refused(413, "body_too_large");
    assert_eq!(
        gateway
            .metrics()
            .count("portcullis_refusals_total", &[("code", "body_too_large")]),
        1
    );
    gateway.stop();
}

#[test]
fn strangers_get_404_and_never_reach_the_upstreams_metrics() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and("[client]\ntrusted_proxies = [\"loopback\"]");
    let gateway = Gateway::start(text);
    for spelling in ["/metrics", "/%6detrics", "//metrics", "/x/../metrics"] {
        let stranger = Ask::get(spelling)
            .header("X-Forwarded-For", "203.0.113.9")
            .to(gateway.http());
        stranger.assert_refused(404, "not_found");
    }
    assert!(origin.calls().is_empty());
    assert_eq!(Ask::get("/metrics").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn an_allow_list_replaces_loopback() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[admin]\nmetrics_allow = [\"127.0.0.2\"]"));
    assert_eq!(Ask::get("/metrics").to(gateway.http()).status, 404);
    let allowed = Ask::get("/metrics").sent_by("127.0.0.2", gateway.http());
    assert_eq!(allowed.status, 200);
    assert!(
        allowed
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    gateway.stop();
}
