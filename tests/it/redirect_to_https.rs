//! `redirect_to_https`: what came in the clear is sent to https, and nothing else happens to it.

use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy};

fn redirecting(origin: &Origin, tables: &str) -> Gateway {
    let certs = Certs::new();
    Gateway::start(
        policy([origin.address()])
            .listener("redirect_to_https = 443")
            .tls(&certs)
            .and(tables),
    )
}

#[test]
fn plain_requests_go_to_the_same_place_by_https() {
    let origin = Origin::echo();
    let gateway = redirecting(&origin, "[defaults.security_headers]\nhsts = {}");
    for proto in [Proto::Http1, Proto::H2c] {
        let answer = Ask::post("/a%20b?q=1", "body")
            .host("Shop.test:8080")
            .over(proto, &gateway);
        assert_eq!(answer.status, 308);
        assert_eq!(answer.header("location"), Some("https://shop.test/a%20b?q=1"));
        assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    assert!(origin.calls().is_empty());
    for proto in [Proto::Http1Tls, Proto::H2Tls] {
        let answer = Ask::get("/").over(proto, &gateway);
        assert_eq!(answer.status, 200);
        assert!(answer.header("strict-transport-security").is_some());
    }
    gateway.stop();
}

#[test]
fn probes_are_answered_in_the_clear() {
    let origin = Origin::echo();
    let gateway = redirecting(&origin, "");
    for target in ["/health", "/health/live", "/health/ready", "/health/of-the-app"] {
        assert_ne!(Ask::get(target).to(gateway.http()).status, 308, "{target}");
    }
    assert_eq!(Ask::get("/healthy").to(gateway.http()).status, 308);
    gateway.stop();
}

#[test]
fn a_host_that_is_none_is_refused_and_not_sent_anywhere() {
    let origin = Origin::echo();
    let gateway = redirecting(&origin, "");
    for host in ["evil.test/path", "user@evil.test", "a b"] {
        let refused = Ask::get("/").host(host).to(gateway.http());
        refused.assert_refused(400, "host_invalid");
        assert_eq!(refused.header("location"), None);
    }
    let mut wire = gateway.connect();
    wire.send("GET / HTTP/1.0\r\n\r\n");
    wire.answer().assert_refused(400, "host_invalid");
    gateway.stop();
}

#[test]
fn what_a_trusted_proxy_received_by_https_passes() {
    let origin = Origin::echo();
    let gateway = redirecting(&origin, "[client]\ntrusted_proxies = [\"loopback\"]");
    let by = |scheme| {
        Ask::get("/")
            .header("X-Forwarded-Proto", scheme)
            .header("X-Forwarded-For", "192.0.2.1")
            .to(gateway.http())
            .status
    };
    assert_eq!((by("https"), by("http")), (200, 308));
    gateway.stop();
}

#[test]
fn limits_are_not_spent_on_it() {
    let origin = Origin::echo();
    let gateway = redirecting(
        &origin,
        "[limits.few]\nrate = \"1/hour\"\n[defaults]\nlimits = [\"few\"]",
    );
    for _ in 0..3 {
        assert_eq!(Ask::get("/").to(gateway.http()).status, 308);
    }
    assert_eq!(Ask::get("/").over(Proto::H2Tls, &gateway).status, 200);
    gateway.stop();
}

#[test]
fn the_public_port_is_in_the_address_unless_it_is_443() {
    let origin = Origin::echo();
    let certs = Certs::new();
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("redirect_to_https = 8443")
            .tls(&certs),
    );
    let answer = Ask::get("/a?b").host("shop.test:8080").to(gateway.http());
    assert_eq!(answer.status, 308);
    assert_eq!(answer.header("location"), Some("https://shop.test:8443/a?b"));
    gateway.stop();
}
