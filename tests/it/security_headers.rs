//! Security headers: on every answer whoever gave it, merged over routes, never twice.

mod own;

use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

const PRESET: [(&str, &str); 4] = [
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", "frame-ancestors 'self'"),
];

#[test]
fn every_kind_of_answer_is_dressed() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        line.body();
        match call.target.as_str() {
            "/broken" => line.close(),
            "/held" => assert!(held.wait()),
            _ => {}
        }
        line.reply(&Reply::new(
            if call.target == "/error" { 500 } else { 200 },
            "text/html",
            "<p>hello",
        ));
    });
    let text = policy([origin.address()])
        .upstream("max_inflight = 1\nqueue = { size = 1, timeout = \"100ms\" }")
        .and("[limits.one]\nrate = \"1/minute\"")
        .and("[defaults]\nmax_body = \"10B\"")
        .route("limited", "path = \"/limited\"", "limits = [\"one\"]")
        .route("form", "path = \"/api/form\", methods = [\"POST\"]", "")
        .route("any", "path = \"/{any}\"", "");
    let gateway = Gateway::start(text);
    Ask::get("/limited").to(gateway.http());
    let mut busy = Ask::get("/held").start(gateway.http());
    gate.wait_for_waiters(1);
    let overloaded = Ask::get("/busy").to(gateway.http());
    gate.open();
    busy.answer();
    let mut answers = vec![(503, overloaded)];
    for (status, ask) in [
        (200, Ask::get("/fine")),
        (404, Ask::get("/not/there")),
        (405, Ask::get("/api/form")),
        (413, Ask::post("/large", "x".repeat(11))),
        (429, Ask::get("/limited")),
        (500, Ask::get("/error")),
        (502, Ask::post("/broken", "x")),
        (200, Ask::get("/health")),
        (200, Ask::get("/metrics")),
    ] {
        answers.push((status, ask.to(gateway.http())));
    }
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{answer:?}");
        for (name, value) in PRESET {
            assert_eq!(answer.head.all(name), [value], "{name} on {}", answer.head.first);
        }
    }
    gateway.stop();
}

#[test]
fn a_route_changes_what_it_names_and_keeps_the_rest() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and(
            r#"
[defaults.security_headers]
frame_options = "SAMEORIGIN"
xss_protection = "1; mode=block"
[defaults.security_headers.content_security_policy]
default-src = ["'self'"]
img-src = ["'self'", "data:", "https:"]
upgrade-insecure-requests = []
"#,
        )
        .route(
            "api",
            "path = \"/api/*\"",
            "[routes.security_headers]\nreferrer_policy = \"no-referrer\"\nxss_protection = \"off\"\n\
             [routes.security_headers.content_security_policy]\nimg-src = \"off\"",
        )
        .route(
            "bare",
            "path = \"/bare\"",
            "[routes.security_headers]\nenabled = false",
        )
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let rest = Ask::get("/").to(gateway.http());
    assert_eq!(rest.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(rest.header("x-xss-protection"), Some("1; mode=block"));
    assert_eq!(
        directives(rest.header("content-security-policy")),
        [
            "default-src 'self'",
            "img-src 'self' data: https:",
            "upgrade-insecure-requests"
        ]
    );
    let api = Ask::get("/api/x").to(gateway.http());
    assert_eq!(
        api.header("x-frame-options"),
        Some("SAMEORIGIN"),
        "a route's own table must not drop the others"
    );
    assert_eq!(api.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(api.header("x-xss-protection"), None);
    assert_eq!(
        directives(api.header("content-security-policy")),
        ["default-src 'self'", "upgrade-insecure-requests"]
    );
    let bare = Ask::get("/bare").to(gateway.http());
    assert_eq!(
        (
            bare.header("x-frame-options"),
            bare.header("content-security-policy")
        ),
        (None, None)
    );
    gateway.stop();
}

/// The directives of a policy, sorted: their order means nothing.
fn directives(value: Option<&str>) -> Vec<String> {
    let mut directives: Vec<_> = value
        .unwrap_or_default()
        .split(';')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    directives.sort();
    directives
}

#[test]
fn a_policy_that_only_reports_goes_into_its_own_header() {
    let origin = Origin::echo();
    let reporting =
        "[defaults.security_headers.content_security_policy_report_only]\nscript-src = [\"'none'\"]";
    let gateway = Gateway::start(policy([origin.address()]).and(reporting));
    let answer = Ask::get("/").to(gateway.http());
    assert_eq!(
        answer.header("content-security-policy-report-only"),
        Some("script-src 'none'")
    );
    gateway.stop();
}
