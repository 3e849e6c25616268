//! What an upstream gets to read, told as attacks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::http::client::resolve;
use crate::http::fields;
use crate::http::proxy_headers::{self, Kind};

/// The headers the upstream gets, for a request to `shop.example` over plain HTTP.
fn passed_on(peer: &str, lines: &[(&str, &str)]) -> HeaderMap {
    let trust = Trust::new(&["10.0.0.0/8".parse().unwrap()]);
    let mut received = HeaderMap::new();
    for (name, value) in lines {
        received.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    let peer: IpAddr = peer.parse().unwrap();
    let caller = resolve(peer, &received, &trust);
    let mut headers = received.clone();
    let passes = |name: &HeaderName| match proxy_headers::kind(name.as_str()) {
        None => true,
        Some(kind) => kind == Kind::Way && caller.peer_trusted,
    };
    fields::retain(&mut headers, passes);
    let arrival = Arrival {
        peer,
        peer_written: &written(peer),
        https: false,
        host: received.get("host"),
    };
    let mut lines = Lines::from(headers);
    write(&mut lines, &received, &arrival, &caller, &trust);
    lines.into()
}

#[test]
fn a_stranger_is_described_by_the_socket_alone() {
    let headers = passed_on(
        "203.0.113.5",
        &[
            ("host", "shop.example:8080"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("x-real-ip", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/admin"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
            ("forwarded", "for=1.1.1.1"),
            ("cf-connecting-ip", "1.1.1.1"),
            ("true-client-ip", "1.1.1.1"),
            ("x-client-ip", "1.1.1.1"),
            ("x_forwarded_for", "1.1.1.1"),
            ("x_real-ip", "1.1.1.1"),
            ("cache-control", "no-cache"),
            ("x-custom", "1"),
        ],
    );
    assert_eq!(headers.len(), 8, "{headers:?}");
    assert_eq!(headers["x-real-ip"], "203.0.113.5");
    assert_eq!(headers["x-forwarded-for"], "203.0.113.5");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-host"], "shop.example:8080");
    assert_eq!(headers["x-forwarded-port"], "8080");
    assert!(headers.contains_key("cache-control") && headers.contains_key("x-custom"));
}

#[test]
fn behind_our_proxies_the_way_starts_at_the_client() {
    let headers = passed_on(
        "10.0.0.1",
        &[
            ("host", "inside"),
            ("x-forwarded-for", "6.6.6.6, 203.0.113.5:4711"),
            ("x-forwarded-for", "10.0.0.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example"),
            ("cf-connecting-ip", "203.0.113.5"),
        ],
    );
    assert_eq!(headers["x-forwarded-for"], "203.0.113.5, 10.0.0.9, 10.0.0.1");
    assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
    assert_eq!(headers["x-real-ip"], "203.0.113.5");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["x-forwarded-host"], "shop.example");
    assert_eq!(headers["x-forwarded-port"], "443");
    assert_eq!(headers["cf-connecting-ip"], "203.0.113.5");
}

#[test]
fn a_proxy_that_says_nothing_is_the_client() {
    let headers = passed_on(
        "10.0.0.1",
        &[("x-forwarded-for", "unknown"), ("x-forwarded-port", "8443")],
    );
    assert_eq!(headers["x-forwarded-for"], "10.0.0.1");
    assert_eq!(headers["x-forwarded-port"], "8443");
    assert!(!headers.contains_key("x-forwarded-host"));
}

#[test]
fn a_mapped_peer_is_written_as_ipv4() {
    let headers = passed_on("::ffff:10.0.0.1", &[("x-forwarded-for", "2001:db8::1")]);
    assert_eq!(headers["x-forwarded-for"], "2001:db8::1, 10.0.0.1");
    assert_eq!(passed_on("::ffff:192.0.2.1", &[])["x-real-ip"], "192.0.2.1");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_left_of_the_client_is_passed_on(claim in "[0-9a-f.:, x\\[\\]]{0,40}", trusted in any::<bool>()) {
        let line = if trusted { format!("{claim}, 203.0.113.5, 10.1.1.1") } else { claim };
        let (peer, way) = if trusted {
            ("10.0.0.1", "203.0.113.5, 10.1.1.1, 10.0.0.1")
        } else {
            ("203.0.113.5", "203.0.113.5")
        };
        let headers = passed_on(peer, &[("X-Forwarded-For", &line), ("X_FORWARDED_FOR", &line)]);
        prop_assert_eq!(&headers["x-forwarded-for"], way);
        prop_assert_eq!(headers.len(), 4);
    }
}
