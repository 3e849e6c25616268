//! What CORS answers, and which pages open WebSockets.

use super::*;
use crate::layers::fixture::{exchange, with};

fn cors(origins: Origins, credentials: bool) -> Cors {
    Cors {
        origins,
        methods: HeaderValue::from_static("GET, POST"),
        headers: AllowHeaders::Mirror,
        expose: None,
        credentials,
        max_age: HeaderValue::from_static("600"),
    }
}

fn app() -> Origins {
    Origins::Listed(vec![HeaderValue::from_static("https://app.example.com")])
}

fn preflight(rule: &Cors, origin: &'static str) -> Response {
    let request = with(exchange("OPTIONS", "/"), "origin", origin);
    let request = with(request, "access-control-request-method", "POST");
    let request = with(request, "access-control-request-headers", "x-one");
    match rule.check(&request, Instant::now()) {
        Verdict::Answer(response) => *response,
        other => unreachable!("a preflight is answered, not {other:?}"),
    }
}

#[test]
fn a_preflight_of_a_listed_origin_is_allowed_what_it_asks() {
    let response = preflight(&cors(app(), true), "https://app.example.com");
    assert_eq!(response.status(), 204);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert_eq!(response.headers()["access-control-allow-credentials"], "true");
    assert_eq!(response.headers()["access-control-allow-headers"], "x-one");
}

#[test]
fn a_foreign_origin_gets_204_without_permission() {
    let response = preflight(&cors(app(), true), "https://evil.com");
    assert_eq!(response.status(), 204);
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

fn opens(rule: &Cors, lines: &[(&'static str, &'static str)]) -> bool {
    let asking = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("host", "shop.test"),
    ];
    let all = asking
        .iter()
        .filter(|(name, _)| lines.iter().all(|(other, _)| name != other))
        .chain(lines);
    let request = all.fold(exchange("GET", "/chat"), |request, (name, value)| {
        with(request, name, value)
    });
    !matches!(
        rule.check(&request, Instant::now()),
        Verdict::Refuse(Refusal::OriginDenied)
    )
}

#[test]
fn a_page_opens_a_websocket_if_its_origin_is_listed_or_the_host_itself() {
    let rule = cors(app(), false);
    for origin in [
        "https://app.example.com",
        "https://shop.test",
        "http://shop.test",
        "https://shop.test:443",
    ] {
        assert!(opens(&rule, &[("origin", origin)]), "{origin}");
    }
    for origin in [
        "https://evil.test",
        "null",
        "https://shop.test:8443",
        "https://shop.test.evil.test",
        "shop.test",
        "capacitor://shop.test",
        "https://shop.test/",
        "https://a@shop.test",
        "",
    ] {
        assert!(!opens(&rule, &[("origin", origin)]), "{origin}");
    }
    assert!(opens(&rule, &[]), "no page");
    assert!(!opens(
        &rule,
        &[("origin", "https://shop.test"), ("origin", "https://evil.test")]
    ));
    assert!(
        opens(&rule, &[("origin", "https://evil.test"), ("upgrade", "h2c")]),
        "no WebSocket"
    );
    assert!(opens(
        &rule,
        &[("host", "shop.test:8443"), ("origin", "https://shop.test:8443")]
    ));
    assert!(opens(
        &cors(Origins::Any, false),
        &[("origin", "https://evil.test")]
    ));
}

#[test]
fn behind_a_proxy_the_host_is_the_one_its_client_asked_for() {
    let rule = cors(app(), false);
    let request = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("host", "inner:8000"),
        ("origin", "https://shop.test"),
    ]
    .into_iter()
    .fold(exchange("GET", "/"), |request, (name, value)| {
        with(request, name, value)
    });
    assert!(matches!(rule.check(&request, Instant::now()), Verdict::Refuse(_)));
    let mut told = request;
    told.client.host = Some(HeaderValue::from_static("shop.test"));
    assert!(matches!(rule.check(&told, Instant::now()), Verdict::Pass));
}

#[test]
fn with_credentials_the_wildcard_becomes_the_origin() {
    let response = preflight(&cors(Origins::Any, true), "https://a.example");
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://a.example"
    );
}

#[test]
fn the_applications_own_headers_are_replaced() {
    let rule = cors(app(), false);
    let request = with(exchange("GET", "/"), "origin", "https://evil.com");
    let mut response = Response::new(Body::Empty);
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, WILDCARD);
    rule.after(rule.before(&request), &request, &mut response);
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    assert_eq!(response.headers()["vary"], "origin");
}
