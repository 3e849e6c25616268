//! Headers and trailers: order and repetitions kept, shadows and strangers' claims gone.

use crate::support::reply::chunk;
use crate::support::{Ask, Gateway, Origin, policy};

use super::{BOTH, echoing};

const OWN: [&str; 6] = ["x-first", "x-second", "accept", "x-third", "cookie", "x-last"];

#[test]
fn order_and_repetitions_are_kept_though_fields_between_them_go() {
    let (origin, gateway) = echoing();
    for proto in BOTH {
        let mut ask = Ask::get("/");
        for (name, value) in [
            ("x-first", "1"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x-second", "a"),
            ("accept", "text/html"),
            ("proxy", "http://evil.test"),
            ("x-original-url", "/admin"),
            ("x-third", "3"),
            ("x-second", "b"),
            ("content_type", "x"),
            ("cookie", "a=1; b=\"2\"; a=3"),
            ("accept", "text/plain"),
            ("x-second", ""),
            ("x-last", "4"),
        ] {
            ask = ask.header(name, value);
        }
        assert_eq!(ask.over(proto, &gateway).status, 200);
        let call = origin.calls().pop().unwrap();
        let own: Vec<_> = call
            .head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| OWN.contains(name))
            .collect();
        assert_eq!(
            own,
            [
                ("x-first", "1"),
                ("x-second", "a"),
                ("x-second", "b"),
                ("x-second", ""),
                ("accept", "text/html"),
                ("accept", "text/plain"),
                ("x-third", "3"),
                ("cookie", "a=1; b=\"2\"; a=3"),
                ("x-last", "4"),
            ],
            "{proto:?}"
        );
    }
    gateway.stop();
}

#[test]
fn several_cookie_lines_of_http_1_stay_several() {
    let (origin, gateway) = echoing();
    let ask = Ask::get("/").header("Cookie", "a=1").header("Cookie", "b=2");
    assert_eq!(ask.to(gateway.http()).status, 200);
    assert_eq!(origin.calls()[0].head.all("cookie"), ["a=1", "b=2"]);
    gateway.stop();
}

#[test]
fn what_only_a_proxy_may_say_is_not_taken_from_strangers() {
    let (origin, gateway) = echoing();
    let claims = [
        "forwarded",
        "x-forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "x-forwarded-server",
        "x-real-ip",
        "x-original-url",
        "x-original-host",
        "x-original-method",
        "x-rewrite-url",
        "x-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "client-ip",
        "x_forwarded_for",
        "x_real_ip",
        "x-original_url",
        "proxy",
        "proxy-authorization",
        "http2-settings",
    ];
    for proto in BOTH {
        let mut ask = Ask::get("/");
        for name in claims {
            ask = ask.header(name, "666.evil");
        }
        assert_eq!(ask.over(proto, &gateway).status, 200);
        let call = origin.calls().pop().unwrap();
        let told: Vec<_> = call
            .head
            .headers
            .iter()
            .filter(|(_, value)| value.contains("666.evil"))
            .collect();
        assert!(told.is_empty(), "{proto:?}: {told:?}");
    }
    gateway.stop();
}

#[test]
fn a_trusted_proxy_may_say_it() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).and("[client]\ntrusted_proxies = [\"loopback\"]"));
    let ask = Ask::get("/")
        .header("X-Forwarded-Server", "edge-1")
        .header("CF-IPCountry", "CH");
    assert_eq!(ask.to(gateway.http()).status, 200);
    let call = &origin.calls()[0];
    assert_eq!(call.header("x-forwarded-server"), Some("edge-1"));
    assert_eq!(call.header("cf-ipcountry"), Some("CH"));
    gateway.stop();
}

#[test]
fn underscores_that_shadow_a_real_name_are_dropped_and_others_pass() {
    let (origin, gateway) = echoing();
    for proto in BOTH {
        let ask = Ask::get("/")
            .header("x-tenant", "real")
            .header("x_tenant", "forged")
            .header("content_length", "100")
            .header("transfer_encoding", "chunked")
            .header("x_auth_user", "root")
            .header("my_own", "kept");
        assert_eq!(ask.over(proto, &gateway).status, 200);
        let call = origin.calls().pop().unwrap();
        let underscored: Vec<_> = call
            .head
            .headers
            .iter()
            .filter(|(name, _)| name.contains('_'))
            .collect();
        assert_eq!(underscored.len(), 1, "{underscored:?}");
        assert_eq!(
            (call.header("my_own"), call.header("x-tenant")),
            (Some("kept"), Some("real"))
        );
    }
    gateway.stop();
}

#[test]
fn connection_may_name_nothing_that_is_meant_for_the_application() {
    let (origin, gateway) = echoing();
    for name in [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Real-IP",
        "Forwarded",
        "Authorization",
        "Cookie",
        "Host",
        "Content-Length",
        "Content-Type",
        "X-Request-ID",
        "X-API-Key",
        "X-Auth-Token",
        "Sec-WebSocket-Key",
        "Traceparent",
        "CF-Connecting-IP",
        "X-Original-URL",
    ] {
        for connection in [
            name.to_owned(),
            format!("keep-alive ,{name}"),
            name.to_lowercase(),
        ] {
            let mut wire = gateway.connect();
            let refused = Ask::get("/").header("Connection", &connection).via(&mut wire);
            refused.assert_refused(400, "connection_header");
            assert!(wire.is_closed());
        }
    }
    assert!(origin.calls().is_empty());
    let ask = Ask::get("/")
        .header("Connection", "x-hop, close, TE, Trailer")
        .header("X-Hop", "1");
    assert_eq!(ask.to(gateway.http()).status, 200);
    assert_eq!(origin.calls()[0].header("x-hop"), None);
    gateway.stop();
}

#[test]
fn trace_and_connect_are_not_passed_on() {
    let (origin, gateway) = echoing();
    for line in [
        "TRACE / HTTP/1.1",
        "CONNECT gateway.test:443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
    ] {
        let mut wire = gateway.connect();
        wire.send(format!("{line}\r\nHost: gateway.test:443\r\n\r\n"));
        let answer = wire.answer();
        assert!(
            matches!(answer.status, 400 | 405 | 501),
            "{line}: {}",
            answer.status
        );
        assert!(wire.is_closed(), "{line}");
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn trailers_pass_but_none_that_steers_the_message() {
    let (origin, gateway) = echoing();
    let names = "X-Sum, Content-Digest, X-Forwarded-For, X-Real-IP, Cookie, X_Forwarded_For, Host, Proxy";
    let mut wire = gateway.connect();
    wire.send(format!(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nTE: trailers\r\nTrailer: {names}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    wire.send(chunk("body"));
    wire.send(
        "0\r\nX-Sum: 1\r\nContent-Digest: x\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nCookie: a=1\r\n\
         X_Forwarded_For: 6.6.6.6\r\nHost: evil.test\r\nProxy: evil\r\n\r\n",
    );
    let answer = wire.answer();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let trailers = answer.json()["trailers"].to_string().to_lowercase();
    assert!(
        trailers.contains("x-sum") && trailers.contains("content-digest"),
        "{trailers}"
    );
    for name in ["forwarded", "real-ip", "cookie", "host", "proxy"] {
        assert!(!trailers.contains(name), "{trailers}");
    }
    assert_eq!(origin.calls()[0].head.all("x-forwarded-for"), ["127.0.0.1"]);
    gateway.stop();
}
