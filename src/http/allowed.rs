//! Who may: networks, and this machine for what it asks itself. Behind another proxy on the same machine every stranger
//! comes from a loopback address; what such a proxy writes tells the two apart.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, header};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::http::client::Trust;

/// What proxies and tunnels write into requests that they pass on.
const MARKS: [HeaderName; 5] = [
    HeaderName::from_static("x-forwarded-for"),
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("cf-connecting-ip"),
    header::VIA,
];

/// A compiled list of those who may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    networks: Trust,
    /// Loopback addresses, which count only in requests that no proxy passed on.
    loopback: Trust,
}

impl Allowed {
    /// Compiles the ranges.
    pub fn new(ranges: &[IpNet]) -> Self {
        let (loopback, networks): (Vec<_>, Vec<_>) = ranges.iter().copied().partition(is_loopback);
        Self {
            networks: Trust::new(&networks),
            loopback: Trust::new(&loopback),
        }
    }

    /// Whether the client at this address, with these headers, is one of them.
    pub fn admits(&self, client: IpAddr, headers: &HeaderMap) -> bool {
        self.networks.contains(client) || self.loopback.contains(client) && !is_passed_on(headers)
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.networks.is_empty(), self.loopback.is_empty()) {
            (_, true) => self.networks.fmt(f),
            (true, false) => write!(f, "{} without a proxy", self.loopback),
            (false, false) => write!(f, "{}, {} without a proxy", self.networks, self.loopback),
        }
    }
}

fn is_passed_on(headers: &HeaderMap) -> bool {
    MARKS.iter().any(|name| headers.contains_key(name))
}

fn is_loopback(range: &IpNet) -> bool {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
    let mapped = Ipv6Net::new_assert(Ipv4Addr::new(127, 0, 0, 0).to_ipv6_mapped(), 104);
    match range {
        IpNet::V4(range) => v4.contains(range),
        IpNet::V6(range) => mapped.contains(range) || *range == Ipv6Net::from(Ipv6Addr::LOCALHOST),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn admits(ranges: &[&str], client: &str, lines: &[(&'static str, &str)]) -> bool {
        let ranges: Vec<_> = ranges.iter().map(|range| range.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Allowed::new(&ranges).admits(client.parse().unwrap(), &headers)
    }

    #[test]
    fn this_machine_is_who_asks_without_a_proxy() {
        for range in ["127.0.0.0/8", "127.0.0.1/32", "::1/128", "::ffff:127.0.0.0/104"] {
            let client = if range.starts_with("::1") {
                "::1"
            } else {
                "127.0.0.1"
            };
            assert!(admits(&[range], client, &[]), "{range}");
            for mark in [
                "x-forwarded-for",
                "forwarded",
                "x-real-ip",
                "cf-connecting-ip",
                "via",
            ] {
                assert!(!admits(&[range], client, &[(mark, "")]), "{range} {mark}");
            }
        }
    }

    #[test]
    fn other_networks_and_everybody_are_meant_as_written() {
        let passed_on = [("via", "1.1 nginx")];
        assert!(admits(&["10.0.0.0/8"], "10.0.0.1", &passed_on));
        assert!(admits(&["0.0.0.0/0"], "127.0.0.1", &passed_on));
        assert!(!admits(&["10.0.0.0/8", "127.0.0.0/8"], "127.0.0.1", &passed_on));
        assert!(!admits(&[], "127.0.0.1", &[]));
    }
}
