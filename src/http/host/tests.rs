//! Hosts as clients and attackers write them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<(String, Option<u16>), HostFault> {
    parse(text.as_bytes()).map(|authority| (authority.host.into_owned(), authority.port))
}

fn request(target: &str, hosts: &[&str], version: Version) -> Result<Option<String>, HostFault> {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(header::HOST, host.parse().unwrap());
    }
    let target: Uri = target.parse().unwrap();
    of_request(version, &target, &headers).map(|found| found.map(|authority| authority.host.into_owned()))
}

#[test]
fn reads_names_addresses_and_ports() {
    let ok = |text: &str, host: &str, port| assert_eq!(read(text), Ok((host.to_owned(), port)), "{text}");
    ok("example.com", "example.com", None);
    ok("Example.COM:8080", "example.com", Some(8080));
    ok("example.com.", "example.com", None);
    ok("example.com:", "example.com", None);
    ok("192.0.2.7:80", "192.0.2.7", Some(80));
    ok("[2001:DB8:0::1]:443", "[2001:db8::1]", Some(443));
    ok("my_service", "my_service", None);
}

#[test]
fn refuses_what_no_host_can_be() {
    for text in [
        "",
        ".",
        ":80",
        "a..b",
        ".a",
        "a b",
        "a\tb",
        "user@a",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a,b",
        "a%41",
        "a:0",
        "a:65536",
        "a:+80",
        "a:8 0",
        "a:80:80",
        "[::1",
        "[::1]x",
        "[::1%25eth0]",
        "[v1.x]",
        "::1",
        "é",
        "a\0",
    ] {
        assert_eq!(read(text), Err(HostFault::Malformed), "{text:?}");
    }
    assert_eq!(read(&"a".repeat(254)), Err(HostFault::Malformed));
}

#[test]
fn asks_for_exactly_one_host() {
    assert_eq!(request("/", &[], Version::HTTP_11), Err(HostFault::Missing));
    assert_eq!(request("/", &[], Version::HTTP_10), Ok(None));
    assert_eq!(
        request("/", &["a", "a"], Version::HTTP_11),
        Err(HostFault::Several)
    );
    assert_eq!(
        request("/", &["a", "b"], Version::HTTP_10),
        Err(HostFault::Several)
    );
    assert_eq!(request("/", &["A:1"], Version::HTTP_11), Ok(Some("a".to_owned())));
    assert_eq!(
        request("/", &["a b"], Version::HTTP_11),
        Err(HostFault::Malformed)
    );
}

#[test]
fn an_absolute_target_must_agree_with_the_header() {
    assert_eq!(
        request("http://a/x", &["a:80"], Version::HTTP_11),
        Ok(Some("a".to_owned()))
    );
    assert_eq!(
        request("http://a/x", &["b"], Version::HTTP_11),
        Err(HostFault::Disagrees)
    );
    assert_eq!(
        request("http://a:81/x", &["a"], Version::HTTP_11),
        Err(HostFault::Disagrees)
    );
    assert_eq!(
        request("http://u@a/x", &["a"], Version::HTTP_11),
        Err(HostFault::Malformed)
    );
    assert_eq!(
        request("http://a/x", &[], Version::HTTP_11),
        Err(HostFault::Missing)
    );
}

#[test]
fn a_star_stands_for_one_or_more_labels() {
    let star = HostPattern::parse("*.Example.com").unwrap();
    assert!(star.matches("a.example.com") && star.matches("b.a.example.com"));
    assert!(!star.matches("example.com") && !star.matches(".example.com") && !star.matches("aexample.com"));
    assert!(HostPattern::parse("[::1]").unwrap().matches("[::1]"));
    for bad in ["*", "*.*.a", "a.*", "", "*.", "a:80", "a:", "*.[::1]", "a/b"] {
        assert!(HostPattern::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_holds_no_separator(text in "\\PC{0,40}|[a-zA-Z0-9.:\\[\\]@/ -]{0,20}") {
        if let Ok((host, _)) = read(&text) {
            prop_assert!(!host.is_empty());
            let clean = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.[]:".contains(c);
            prop_assert!(host.chars().all(clean));
            prop_assert_eq!(read(&host).map(|again| again.0), Ok(host));
        }
    }
}
