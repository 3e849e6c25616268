//! What the walk must get right, told as attacks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn trust(ranges: &[&str]) -> Trust {
    Trust::new(
        &ranges
            .iter()
            .map(|range| range.parse().unwrap())
            .collect::<Vec<_>>(),
    )
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn client(peer: &str, forwarded_for: &[&str]) -> String {
    let lines: Vec<_> = forwarded_for
        .iter()
        .map(|line| ("x-forwarded-for", *line))
        .collect();
    resolve(ip(peer), &headers(&lines), &trust(&["10.0.0.0/8", "fd00::/8"]))
        .ip
        .to_string()
}

#[test]
fn headers_of_a_stranger_are_worth_nothing() {
    let lines = [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "a"),
        ("x-forwarded-port", "1"),
    ];
    let caller = resolve(ip("198.51.100.9"), &headers(&lines), &trust(&["10.0.0.0/8"]));
    let peer = ip("198.51.100.9");
    let nothing = Caller {
        ip: peer,
        peer_trusted: false,
        hops: 0,
        https: None,
        host: None,
        port: None,
    };
    assert_eq!(caller, nothing);
}

#[test]
fn the_rightmost_untrusted_hop_wins() {
    assert_eq!(
        client("10.0.0.1", &["6.6.6.6, 203.0.113.5, 10.0.0.7"]),
        "203.0.113.5"
    );
    assert_eq!(
        client("10.0.0.1", &["6.6.6.6", "203.0.113.5", "10.0.0.7"]),
        "203.0.113.5"
    );
    assert_eq!(
        client("10.0.0.1", &["6.6.6.6,203.0.113.5", " , 10.0.0.7,"]),
        "203.0.113.5"
    );
    assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn the_leftmost_is_the_client_if_all_hops_are_ours() {
    assert_eq!(client("10.0.0.1", &["10.9.9.9, 10.0.0.7"]), "10.9.9.9");
}

#[test]
fn an_entry_that_is_no_address_stops_the_walk() {
    assert_eq!(
        client("10.0.0.1", &["203.0.113.5, unknown, 10.0.0.7"]),
        "10.0.0.7"
    );
    assert_eq!(client("10.0.0.1", &["203.0.113.5, evil"]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &["203.0.113.5:99999"]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &["203.0.113.5:"]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &["[fd00::1]x"]), "10.0.0.1");
}

#[test]
fn reads_ports_brackets_and_mapped_addresses() {
    assert_eq!(client("10.0.0.1", &["203.0.113.5:4711"]), "203.0.113.5");
    assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
    assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    assert_eq!(client("10.0.0.1", &["2001:db8::1, [fd00::2]:1"]), "2001:db8::1");
    assert_eq!(
        client("::ffff:10.0.0.1", &["::ffff:203.0.113.5, ::ffff:10.1.1.1"]),
        "203.0.113.5"
    );
}

#[test]
fn looks_at_no_more_than_its_bound_of_hops() {
    let chain = vec!["10.0.0.2"; 500].join(",");
    let caller = resolve(
        ip("10.0.0.1"),
        &headers(&[("x-forwarded-for", &chain)]),
        &trust(&["10.0.0.0/8"]),
    );
    assert_eq!(usize::from(caller.hops), MAX_HOPS);
}

#[test]
fn scheme_host_and_port_are_those_seen_by_our_outermost_proxy() {
    let ours = trust(&["10.0.0.0/8"]);
    let seen = |lines: &[(&'static str, &str)]| resolve(ip("10.0.0.1"), &headers(lines), &ours);
    let two_proxies = seen(&[
        ("x-forwarded-for", "203.0.113.5, 10.0.0.2"),
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-host", "Shop.example:8443"),
        ("x-forwarded-port", "8443"),
    ]);
    assert_eq!((two_proxies.https, two_proxies.port), (Some(true), Some(8443)));
    assert_eq!(two_proxies.host.unwrap(), "Shop.example:8443");
    let forged = seen(&[
        ("x-forwarded-for", "6.6.6.6, 203.0.113.5"),
        ("x-forwarded-proto", "https, http"),
    ]);
    assert_eq!(forged.https, Some(false));
    let rubbish = seen(&[
        ("x-forwarded-host", "a b"),
        ("x-forwarded-proto", "ftp"),
        ("x-forwarded-port", "x"),
    ]);
    assert_eq!((rubbish.https, rubbish.host, rubbish.port), (None, None, None));
}

#[test]
fn ranges_may_overlap_and_be_mapped() {
    let trust = trust(&[
        "10.0.0.0/8",
        "10.1.0.0/16",
        "192.0.2.7/32",
        "::ffff:198.51.100.0/120",
        "2001:db8::/32",
    ]);
    for inside in [
        "10.0.0.0",
        "10.255.255.255",
        "192.0.2.7",
        "198.51.100.77",
        "2001:db8:ffff::1",
    ] {
        assert!(trust.contains(ip(inside)), "{inside}");
    }
    for outside in [
        "9.255.255.255",
        "11.0.0.0",
        "192.0.2.8",
        "198.51.101.0",
        "2001:db9::",
    ] {
        assert!(!trust.contains(ip(outside)), "{outside}");
    }
    assert!(Trust::new(&["::/0".parse().unwrap()]).contains(ip("2001:db8::1")));
}

#[test]
fn a_network_shares_one_key() {
    let key = |text: &str| ClientKey::new(ip(text), 64);
    assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
    assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_eq!(key("2001:db8::1").to_string(), "2001:db8::");
    assert_eq!(ClientKey::new(ip("2001:db8::1"), 128).to_string(), "2001:db8::1");
    assert_eq!(ClientKey::new(ip("2001:db8::1"), 0).to_string(), "::");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a client writes left of its true address changes nothing.
    #[test]
    fn a_client_cannot_choose_its_address(forged in "[0-9a-fx:., \\[\\]]{0,60}", hops in 0_usize..6) {
        let truth = "203.0.113.5";
        let chain = format!("{forged},{truth}{}", ", 10.0.0.7".repeat(hops));
        prop_assert_eq!(client("10.0.0.1", &[&chain]), truth);
    }

    #[test]
    fn ranges_agree_with_a_plain_scan(nets in prop::collection::vec((any::<u32>(), 4_u8..=32), 0..12), at in any::<u32>()) {
        let nets: Vec<IpNet> = nets.iter()
            .map(|(bits, prefix)| IpNet::new(IpAddr::V4(Ipv4Addr::from(*bits)), *prefix).unwrap())
            .collect();
        let address = IpAddr::V4(Ipv4Addr::from(at));
        prop_assert_eq!(Trust::new(&nets).contains(address), nets.iter().any(|net| net.contains(&address)));
    }
}
