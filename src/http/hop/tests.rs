//! What ends with a connection, and what may not be made to end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::http::fields;

fn map(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    map
}

fn names(map: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = map.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

/// What goes further of a request, and what is said of it.
fn strip_request(headers: &mut HeaderMap) -> Result<Hop, ConnectionFault> {
    let hop = Hop::of(headers)?;
    fields::retain(headers, |name| !hop.ends(name));
    if hop.trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    Ok(hop)
}

const NAMES: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[test]
fn every_header_of_the_list_has_a_bit_of_its_own() {
    let bits = NAMES.iter().fold(0, |bits, name| bits | bit(name));
    assert_eq!(bits.count_ones(), 10);
    for (at, name) in HOP_BY_HOP.iter().enumerate() {
        assert_eq!(bit(name.as_str()), 1 << at);
    }
}

#[test]
fn the_list_of_what_is_for_the_server_is_sorted() {
    assert!(END_TO_END.is_sorted());
}

#[test]
fn what_stays_keeps_its_order() {
    let mut headers = map(&[
        ("a", "1"),
        ("connection", "x"),
        ("b", "2"),
        ("x", "3"),
        ("c", "4"),
        ("a", "5"),
    ]);
    strip_request(&mut headers).unwrap();
    let left: Vec<_> = headers.iter().map(|(_, value)| value.to_str().unwrap()).collect();
    assert_eq!(left, ["1", "5", "2", "4"]);
}

#[test]
fn takes_off_what_ends_with_the_connection() {
    let mut headers = map(&[
        ("connection", "keep-alive, X-Hop ,,x-other"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-authorization", "Basic x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("proxy", "http://evil"),
        ("te", "gzip, Trailers"),
        ("trailer", "x-sum"),
        ("x-hop", "1"),
        ("x-hop", "2"),
        ("x-other", "3"),
        ("accept", "*/*"),
    ]);
    strip_request(&mut headers).unwrap();
    assert_eq!(names(&headers), ["accept", "te", "trailer"]);
    assert_eq!(headers["te"], "trailers");
}

#[test]
fn drops_a_te_without_trailers() {
    let mut headers = map(&[("te", "gzip;q=1"), ("connection", "TE")]);
    strip_request(&mut headers).unwrap();
    assert!(headers.is_empty());
}

#[test]
fn refuses_to_take_off_what_the_backend_relies_on() {
    for name in [
        "Host",
        "authorization",
        "COOKIE",
        "x-forwarded-for",
        "X-Real-IP",
        "x-request-id",
        "content-length",
    ] {
        let mut headers = map(&[("connection", "close"), ("connection", name), ("accept", "*/*")]);
        let fault = strip_request(&mut headers).unwrap_err();
        assert_eq!(
            fault,
            ConnectionFault::EndToEnd(HeaderName::from_bytes(name.as_bytes()).unwrap())
        );
    }
    let mut headers = map(&[("connection", "a b")]);
    assert_eq!(
        strip_request(&mut headers).unwrap_err(),
        ConnectionFault::Malformed
    );
}

#[test]
fn an_upstream_cannot_take_its_own_cookies_off() {
    let mut headers = map(&[
        ("connection", "set-cookie, x-hop, a b"),
        ("set-cookie", "a=b"),
        ("x-hop", "1"),
        ("proxy-authenticate", "Basic"),
    ]);
    strip_response(&mut headers);
    assert_eq!(names(&headers), ["set-cookie"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leaves_no_hop_by_hop_header(
        lines in prop::collection::vec((0_usize..13, "[a-c, -]{0,8}"), 0..10),
        named in "(x-[a-c](, ?)?){0,4}",
    ) {
        let extra = ["x-a", "x-b", "accept"];
        let mut headers = map(&[("connection", &named)]);
        for (at, value) in &lines {
            let name = NAMES.get(*at).copied().unwrap_or_else(|| extra[at - 10]);
            if name != "connection" {
                headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
        }
        let accept = headers.get_all("accept").iter().count();
        if strip_request(&mut headers).is_ok() {
            prop_assert_eq!(find(&headers) & !bit("te"), 0);
            prop_assert!(headers.get("te").is_none_or(|te| te == "trailers"));
            for name in ["x-a", "x-b"] {
                prop_assert!(!named.split(',').any(|option| option.trim() == name) || !headers.contains_key(name));
            }
            prop_assert_eq!(headers.get_all("accept").iter().count(), accept);
        }
    }
}
