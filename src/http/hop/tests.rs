//! What ends with a connection, and what may not be made to end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;

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

#[test]
fn every_header_of_the_list_is_found_in_its_place() {
    for (at, name) in HOP_BY_HOP.iter().enumerate() {
        assert_eq!(bit(name.as_str()), 1 << at, "{name}");
    }
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
    assert_eq!(strip_request(&mut headers), Err(ConnectionFault::Malformed));
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
        lines in prop::collection::vec((0_usize..12, "[a-c, -]{0,8}"), 0..10),
        named in "(x-[a-c](, ?)?){0,4}",
    ) {
        let extra = ["x-a", "x-b", "accept"];
        let mut headers = map(&[("connection", &named)]);
        for (at, value) in &lines {
            let name = HOP_BY_HOP.get(*at).map_or_else(|| extra[at - 9], HeaderName::as_str);
            if name != "connection" {
                headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
        }
        let accept = headers.get_all("accept").iter().count();
        if strip_request(&mut headers).is_ok() {
            prop_assert_eq!(find(&headers), 0);
            for name in ["x-a", "x-b"] {
                prop_assert!(!named.split(',').any(|option| option.trim() == name) || !headers.contains_key(name));
            }
            prop_assert_eq!(headers.get_all("accept").iter().count(), accept);
        }
    }
}
