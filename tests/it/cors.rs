//! CORS: preflights answered at the edge, every answer dressed for its origin, the upstream's own headers gone.

use crate::support::{Ask, Gateway, Origin, Reply, policy};

const APP: &str = "https://app.example.com";

fn with_cors(origin: &Origin, lines: &str) -> Gateway {
    let text = policy([origin.address()])
        .and("[limits.few]\nrate = \"2/minute\"\n[defaults]\nlimits = [\"few\"]")
        .and(&format!("[defaults.cors]\n{lines}"))
        .route("form", "path = \"/form\", methods = [\"POST\", \"GET\"]", "")
        .route("rest", "path = \"/*\"", "");
    Gateway::start(text)
}

fn preflight(from: &str, method: &str) -> Ask {
    Ask::new("OPTIONS", "/form")
        .header("Origin", from)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "x-custom, content-type")
}

#[test]
fn a_preflight_is_answered_here_and_spends_nothing() {
    let origin = Origin::echo();
    let gateway = with_cors(
        &origin,
        "origins = [\"https://app.example.com\"]\ncredentials = true",
    );
    for _ in 0..5 {
        let answer = preflight(APP, "POST").to(gateway.http());
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert!(
            answer
                .header("access-control-allow-methods")
                .unwrap()
                .contains("POST")
        );
        let headers = answer
            .header("access-control-allow-headers")
            .unwrap()
            .to_lowercase();
        assert!(
            headers.contains("x-custom") && headers.contains("content-type"),
            "{headers}"
        );
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert!(
            answer
                .head
                .all("vary")
                .join(",")
                .to_lowercase()
                .contains("origin")
        );
    }
    assert!(origin.calls().is_empty());
    assert_eq!(
        Ask::post("/form", "x")
            .header("Origin", APP)
            .to(gateway.http())
            .status,
        200
    );
    gateway.stop();
}

#[test]
fn a_foreign_preflight_gets_no_permission() {
    let origin = Origin::echo();
    let gateway = with_cors(&origin, "origins = [\"https://app.example.com\"]");
    for foreign in [
        "https://evil.com",
        "https://app.example.com.evil.com",
        "http://app.example.com",
        "null",
    ] {
        let answer = preflight(foreign, "POST").to(gateway.http());
        assert_eq!(answer.status, 204, "{foreign}");
        let granted = answer
            .head
            .headers
            .iter()
            .find(|(name, _)| name.to_lowercase().starts_with("access-control"));
        assert_eq!(granted, None, "{foreign}");
        assert!(
            answer
                .head
                .all("vary")
                .join(",")
                .to_lowercase()
                .contains("origin")
        );
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn refusals_can_be_read_by_the_page_that_caused_them() {
    let origin = Origin::echo();
    let gateway = with_cors(
        &origin,
        "origins = [\"https://app.example.com\"]\nexpose = [\"X-Total\"]",
    );
    let ask = Ask::get("/").header("Origin", APP);
    assert_eq!(
        (ask.to(gateway.http()).status, ask.to(gateway.http()).status),
        (200, 200)
    );
    let refused = ask.to(gateway.http());
    refused.assert_refused(429, "rate_limited");
    assert_eq!(refused.head.all("access-control-allow-origin"), [APP]);
    assert_eq!(refused.header("access-control-expose-headers"), Some("X-Total"));
    assert_eq!(refused.header("access-control-allow-credentials"), None);
    gateway.stop();
}

#[test]
fn the_upstreams_own_headers_are_replaced() {
    let origin = Origin::answering(
        Reply::text("x")
            .header("Access-Control-Allow-Origin", "*")
            .header("Access-Control-Allow-Credentials", "true")
            .header("Vary", "Accept-Encoding"),
    );
    let gateway = with_cors(&origin, "origins = [\"https://app.example.com\"]");
    let answer = Ask::get("/").header("Origin", APP).to(gateway.http());
    assert_eq!(answer.head.all("access-control-allow-origin"), [APP]);
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let vary = answer.head.all("vary").join(",").to_lowercase();
    assert!(
        vary.contains("origin") && vary.contains("accept-encoding"),
        "{vary}"
    );
    let foreign = Ask::get("/")
        .header("Origin", "https://evil.com")
        .to(gateway.http());
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    gateway.stop();
}

#[test]
fn every_origin_may_be_allowed_but_not_with_credentials() {
    let origin = Origin::echo();
    let gateway = with_cors(&origin, "origins = [\"*\"]");
    let answer = Ask::get("/")
        .header("Origin", "https://any.test")
        .to(gateway.http());
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    gateway.stop();
}

#[test]
fn without_cors_the_upstream_answers_for_itself() {
    let origin =
        Origin::answering(Reply::text("x").header("Access-Control-Allow-Origin", "https://own.test"));
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = preflight(APP, "POST").to(gateway.http());
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://own.test")
    );
    assert_eq!(origin.calls()[0].method, "OPTIONS");
    gateway.stop();
}

#[test]
fn origins_may_come_from_the_environment() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and("[defaults.cors]\norigins = [\"${ALLOWED_ORIGINS:-}\"]");
    let listed = [("ALLOWED_ORIGINS", "https://one.test, https://two.test")];
    let gateway = Gateway::start_with(text.text(), &listed);
    for allowed in ["https://one.test", "https://two.test"] {
        let answer = Ask::get("/").header("Origin", allowed).to(gateway.http());
        assert_eq!(answer.header("access-control-allow-origin"), Some(allowed));
    }
    gateway.stop();
    let gateway = Gateway::start_with(text.text(), &[("ALLOWED_ORIGINS", "")]);
    let answer = Ask::get("/")
        .header("Origin", "https://one.test")
        .to(gateway.http());
    assert_eq!(answer.header("access-control-allow-origin"), None);
    gateway.stop();
}
