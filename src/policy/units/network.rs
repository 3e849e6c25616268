//! Reading and showing a `Network`. Names stand for ranges that are fixed here, in the program: no
//! list is fetched, so what is trusted changes only with a release.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Network;

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// RFC 1918 and RFC 4193. Never a default: behind a container's userland proxy every peer is private.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// <https://www.cloudflare.com/ips/>
const CLOUDFLARE: [&str; 22] = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

impl Network {
    /// Whether the address lies in one of the ranges. An IPv4 address mapped into IPv6 is judged as
    /// IPv4, since that is what a dual-stack socket reports.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| range.contains(&address))
    }
}

impl TryFrom<&str> for Network {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let ranges = match name {
            "loopback" => named(&LOOPBACK),
            "private" => named(&PRIVATE),
            "cloudflare" => named(&CLOUDFLARE),
            _ => vec![range(name)?],
        };
        Ok(Self {
            name: name.to_owned(),
            ranges,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn named(ranges: &[&str]) -> Vec<IpNet> {
    ranges.iter().filter_map(|range| range.parse().ok()).collect()
}

/// With the network that was meant, where another program would have understood it.
fn not_a_network(text: &str) -> String {
    let meant = match text {
        "localhost" | "local" => Some("loopback".to_owned()),
        "internal" | "lan" | "rfc1918" | "private_ranges" => Some("private".to_owned()),
        _ => masked(text).or_else(|| {
            let (address, port) = text.rsplit_once(':')?;
            let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
            port.parse::<u16>().ok().map(|_| address.to_string())
        }),
    };
    let remedy = meant.map_or_else(
        || "write \"10.0.0.0/8\", one address, or `loopback`, `private`, `cloudflare`".to_owned(),
        |meant| format!("write \"{meant}\""),
    );
    format!("`{text}` is not a network: {remedy}")
}

/// `10.0.0.0/255.0.0.0` and `10.0.0.*`.
fn masked(text: &str) -> Option<String> {
    if let Some((address, mask)) = text.split_once('/') {
        let (address, mask): (IpAddr, IpAddr) = (address.parse().ok()?, mask.parse().ok()?);
        return IpNet::with_netmask(address, mask)
            .ok()
            .map(|net| net.trunc().to_string());
    }
    let parts: Vec<_> = text.split('.').collect();
    let known: Vec<_> = parts.iter().take_while(|part| **part != "*").copied().collect();
    let stars = parts.iter().skip(known.len()).all(|part| *part == "*");
    if !stars || !(1..4).contains(&known.len()) || known.iter().any(|part| part.parse::<u8>().is_err()) {
        return None;
    }
    let zeros = vec!["0"; 4 - known.len()];
    Some(format!(
        "{}/{}",
        [&known[..], &zeros[..]].concat().join("."),
        known.len() * 8
    ))
}

fn range(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let range: IpNet = text.parse().map_err(|_| not_a_network(text))?;
    // `10.0.0.7/8` may mean the host or the network; trusting 16 million addresses needs to be meant.
    if range.trunc() != range {
        return Err(format!(
            "`{text}` has bits set beyond its prefix: write \"{}\" for the network, or \"{}\" for the address",
            range.trunc(),
            range.addr()
        ));
    }
    Ok(range)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn within(network: &str, address: &str) -> bool {
        Network::try_from(network)
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn every_named_range_is_well_formed() {
        for list in [&LOOPBACK[..], &PRIVATE, &CLOUDFLARE] {
            assert_eq!(named(list).len(), list.len());
            assert!(list.iter().all(|text| range(text).is_ok()));
        }
    }

    #[test]
    fn an_address_lies_in_its_network() {
        assert!(within("10.0.0.0/8", "10.1.2.3"));
        assert!(!within("10.0.0.0/8", "11.1.2.3"));
        assert!(within("192.0.2.7", "192.0.2.7"));
        assert!(!within("192.0.2.7", "192.0.2.8"));
        assert!(within("loopback", "::1"));
        assert!(within("private", "fd00::1"));
        assert!(within("cloudflare", "2606:4700::1"));
    }

    #[test]
    fn a_mapped_address_is_judged_as_ipv4() {
        assert!(within("loopback", "::ffff:127.0.0.1"));
    }

    #[test]
    fn a_faulty_network_is_told_the_right_one() {
        let refused = |text| Network::try_from(text).unwrap_err();
        assert!(refused("10.0.0.7/8").contains("\"10.0.0.0/8\" for the network, or \"10.0.0.7\""));
        assert!(refused("cloudfare").starts_with("`cloudfare` is not a network"));
        assert!(refused("localhost").ends_with("write \"loopback\""));
        assert!(refused("10.0.0.0/255.0.0.0").ends_with("write \"10.0.0.0/8\""));
        assert!(refused("192.168.1.*").ends_with("write \"192.168.1.0/24\""));
        assert!(refused("192.0.2.7:8080").ends_with("write \"192.0.2.7\""));
        assert!(refused("10.0.0.0/33").starts_with("`10.0.0.0/33` is not a network"));
    }
}
