//! From which pages a WebSocket may be opened, where `cors.origins` says it.

use crate::support::chat::Chat;
use crate::support::frames::Frames;
use crate::support::{Ask, Certs, Gateway, Proto, Wire, policy};

const CORS: &str = "[defaults.cors]\norigins = [\"https://app.example.com\", \"capacitor://localhost\"]";

fn opening(origin: Option<&str>) -> Ask {
    let ask = Ask::get("/chat")
        .host("shop.test:8443")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    match origin {
        Some(origin) => ask.header("Origin", origin),
        None => ask,
    }
}

fn opened(gateway: &Gateway, ask: &Ask) -> u16 {
    ask.start(gateway.http()).head().status
}

#[test]
fn a_page_of_another_origin_opens_no_websocket() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).and(CORS));
    for own in [
        None,
        Some("https://app.example.com"),
        Some("https://shop.test:8443"),
        Some("capacitor://localhost"),
    ] {
        assert_eq!(opened(&gateway, &opening(own)), 101, "{own:?}");
    }
    for other in [
        "https://evil.test",
        "null",
        "https://shop.test",
        "https://app.example.com.evil.test",
    ] {
        opening(Some(other))
            .to(gateway.http())
            .assert_refused(403, "origin_denied");
    }
    let twice = opening(Some("https://app.example.com")).header("Origin", "https://evil.test");
    twice.to(gateway.http()).assert_refused(403, "origin_denied");
    assert_eq!(
        gateway
            .metrics()
            .count("portcullis_refusals_total", &[("code", "origin_denied")]),
        5
    );
    gateway.stop();
}

#[test]
fn without_a_list_and_with_a_star_all_pass() {
    let chat = Chat::echo();
    for cors in ["", "[defaults.cors]\norigins = [\"*\"]"] {
        let gateway = Gateway::start(policy([chat.address()]).and(cors));
        assert_eq!(
            opened(&gateway, &opening(Some("https://evil.test"))),
            101,
            "{cors}"
        );
        gateway.stop();
    }
}

#[test]
fn behind_a_trusted_proxy_the_host_is_the_one_that_its_client_asked_for() {
    let chat = Chat::echo();
    let text = policy([chat.address()])
        .and(CORS)
        .and("[client]\ntrusted_proxies = [\"127.0.0.2\"]");
    let gateway = Gateway::start(text);
    let ask = opening(Some("https://shop.example")).header("X-Forwarded-Host", "shop.example");
    let mut trusted = Wire::connect_from("127.0.0.2", gateway.http());
    trusted.send(ask.bytes());
    assert_eq!(trusted.head().status, 101);
    ask.to(gateway.http()).assert_refused(403, "origin_denied");
    gateway.stop();
}

#[test]
fn in_shadow_it_is_counted_and_passes() {
    let chat = Chat::echo();
    let text = policy([chat.address()])
        .and("[defaults]\nshadow = [\"websocket_origin\"]")
        .and(CORS);
    let gateway = Gateway::start(text);
    assert_eq!(opened(&gateway, &opening(Some("https://evil.test"))), 101);
    let shadowed = [("guard", "websocket_origin")];
    assert_eq!(gateway.metrics().count("portcullis_shadowed_total", &shadowed), 1);
    gateway.stop();
}

#[test]
fn over_http2_the_origin_counts_too() {
    let (chat, certs) = (Chat::echo(), Certs::new());
    let gateway = Gateway::start(policy([chat.address()]).and(CORS).tls(&certs));
    for proto in [Proto::H2c, Proto::H2Tls] {
        let mut frames = Frames::over(proto, &gateway);
        let wish = |origin: &'static str| {
            [
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "https"),
                (":path", "/chat"),
                (":authority", "gateway.test"),
                ("sec-websocket-version", "13"),
                ("origin", origin),
            ]
        };
        for (stream, origin, status) in [
            (1, "https://app.example.com", Some(200)),
            (3, "https://gateway.test", Some(200)),
            (5, "https://evil.test", None),
        ] {
            frames.request(stream, &wish(origin), 0);
            assert_eq!(
                frames.fate(stream).unwrap().status(),
                status,
                "{proto:?} {origin}"
            );
        }
    }
    let denied = [("code", "origin_denied")];
    assert_eq!(gateway.metrics().count("portcullis_refusals_total", &denied), 2);
    gateway.stop();
}
