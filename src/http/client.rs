//! Who is calling: one answer for limits, logs, headers and access rules.
//! The rightmost hop that is not ours wins, since everything left of it was written by a stranger. Headers of
//! an untrusted peer are worth nothing. `Forwarded` (RFC 7239) is not read: two sources are two truths.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use crate::http::host;

/// At most so many hops of `X-Forwarded-For` are looked at: a longer chain is a loop or an attack.
pub const MAX_HOPS: usize = 32;

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(crate) const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The proxies in front of us whose word is taken. Empty by default: behind Docker's userland proxy every
/// peer is private, so no range is safe to trust unasked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// First and last address of each range, sorted, none overlapping.
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

/// What is known of the client after the trusted hops have been walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The client's address; IPv4-mapped IPv6 is given as IPv4.
    pub ip: IpAddr,
    /// Whether the socket's other end is a proxy of ours.
    pub peer_trusted: bool,
    /// How many entries of `X-Forwarded-For`, from the right, lead to the client; 0 if the peer is the client.
    pub hops: u8,
    /// Whether the client spoke https, if a trusted peer says so (`X-Forwarded-Proto`).
    pub https: Option<bool>,
    /// The host the client asked for, if a trusted peer says so in a valid `X-Forwarded-Host`.
    pub host: Option<HeaderValue>,
    /// The port the client connected to, if a trusted peer says so (`X-Forwarded-Port`).
    pub port: Option<u16>,
}

/// One entry of `X-Forwarded-For` on the walk from right to left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// One of our proxies: the walk goes on.
    Trusted(IpAddr),
    /// Not one of ours: the client. The walk ends.
    Client(IpAddr),
    /// Not an address (`unknown`, a name, rubbish): the walk ends, the hop before it is the client.
    NotAnAddress,
}

/// What a client is counted under: an IPv4 address whole, an IPv6 address masked to its network,
/// since one subscriber holds a whole /64 and may use a new address for each request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(u128);

impl Trust {
    /// Compiles the ranges for look-up.
    pub fn new(networks: &[IpNet]) -> Self {
        let mut trust = Self::default();
        for network in networks {
            match (
                network.network().to_canonical(),
                network.broadcast().to_canonical(),
            ) {
                (IpAddr::V4(first), IpAddr::V4(last)) => trust.v4.push((first.into(), last.into())),
                _ => trust
                    .v6
                    .push((bits(network.network()), bits(network.broadcast()))),
            }
        }
        merge(&mut trust.v4);
        merge(&mut trust.v6);
        trust
    }

    /// Whether the address belongs to one of the ranges.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match ip.to_canonical() {
            IpAddr::V4(v4) => within(&self.v4, v4.into()),
            IpAddr::V6(v6) => within(&self.v6, v6.into()),
        }
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl ClientKey {
    /// The key of an address; `ipv6_prefix` in bits, 64 by default.
    pub fn new(ip: IpAddr, ipv6_prefix: u8) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
            IpAddr::V6(v6) => {
                let host_bits = 128_u32.saturating_sub(ipv6_prefix.into());
                u128::from(v6) & u128::MAX.checked_shl(host_bits).unwrap_or(0)
            }
        })
    }

    /// The masked address as 128 bits, IPv4 in its mapped form.
    pub fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::from(Ipv6Addr::from(self.0)).to_canonical().fmt(f)
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKey({self})")
    }
}

/// Finds the client behind `peer`, the socket's other end.
pub fn resolve(peer: IpAddr, headers: &HeaderMap, trust: &Trust) -> Caller {
    let peer = peer.to_canonical();
    let peer_trusted = trust.contains(peer);
    let mut caller = Caller {
        ip: peer,
        peer_trusted,
        hops: 0,
        https: None,
        host: None,
        port: None,
    };
    if !peer_trusted {
        return caller;
    }
    for hop in walk(headers, trust) {
        let (Hop::Trusted(ip) | Hop::Client(ip)) = hop else {
            break;
        };
        caller.ip = ip;
        caller.hops += 1;
    }
    // The other headers grow hop by hop like the addresses do: the entry as far from the right as the client's
    // is what the outermost of our proxies saw. Anything further left is the client's own claim.
    let depth = usize::from(caller.hops.max(1));
    caller.https = entry(headers, &X_FORWARDED_PROTO, depth).and_then(scheme_is_https);
    caller.host = entry(headers, &X_FORWARDED_HOST, depth)
        .filter(|value| host::parse(value).is_ok())
        .and_then(|value| HeaderValue::from_bytes(value).ok());
    caller.port = entry(headers, &X_FORWARDED_PORT, depth).and_then(host::port);
    caller
}

/// The steps of the walk, from the right, up to and including the one that ends it. It presumes a trusted peer.
pub fn walk<'a>(headers: &'a HeaderMap, trust: &'a Trust) -> impl Iterator<Item = Hop> + 'a {
    let mut over = false;
    entries(headers, &X_FORWARDED_FOR).map_while(move |entry| {
        if over {
            return None;
        }
        let hop = match address(entry) {
            None => Hop::NotAnAddress,
            Some(ip) if trust.contains(ip) => Hop::Trusted(ip),
            Some(ip) => Hop::Client(ip),
        };
        over = !matches!(hop, Hop::Trusted(_));
        Some(hop)
    })
}

/// Entries of a list header over all its lines, from the right; empty ones are no entries (RFC 9110 §5.6.1).
fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let lines = headers.get_all(name).into_iter().rev();
    lines
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .take(MAX_HOPS)
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
}

/// The entry so far from the right (1 = the last), or the leftmost of a shorter list.
fn entry<'a>(headers: &'a HeaderMap, name: &HeaderName, depth: usize) -> Option<&'a [u8]> {
    entries(headers, name).take(depth).last()
}

/// Reads `ip`, `ip:port`, `[v6]` or `[v6]:port`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    let ip = if let Some(rest) = text.strip_prefix('[') {
        let (inner, after) = rest.split_once(']')?;
        if let Some(digits) = after.strip_prefix(':') {
            host::port(digits.as_bytes())?;
        } else if !after.is_empty() {
            return None;
        }
        IpAddr::V6(inner.parse().ok()?)
    } else if let Ok(ip) = text.parse::<IpAddr>() {
        ip
    } else {
        let (v4, digits) = text.split_once(':')?;
        host::port(digits.as_bytes())?;
        IpAddr::V4(v4.parse::<Ipv4Addr>().ok()?)
    };
    Some(ip.to_canonical())
}

fn scheme_is_https(scheme: &[u8]) -> Option<bool> {
    let is = |word: &str| scheme.eq_ignore_ascii_case(word.as_bytes());
    if is("https") || is("wss") {
        Some(true)
    } else if is("http") || is("ws") {
        Some(false)
    } else {
        None
    }
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let overlaps = next.0 <= kept.1;
        if overlaps {
            kept.1 = kept.1.max(next.1);
        }
        overlaps
    });
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after
        .checked_sub(1)
        .and_then(|at| ranges.get(at))
        .is_some_and(|(_, last)| address <= *last)
}

/// The first few ranges as CIDRs, and how many more there are.
impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let v4 = self
            .v4
            .iter()
            .flat_map(|(first, last)| Ipv4Subnets::new((*first).into(), (*last).into(), 0).map(IpNet::V4));
        let v6 = self
            .v6
            .iter()
            .flat_map(|(first, last)| Ipv6Subnets::new((*first).into(), (*last).into(), 0).map(IpNet::V6));
        let ranges: Vec<IpNet> = v4.chain(v6).collect();
        let shown = ranges.iter().take(SHOWN).map(ToString::to_string);
        f.write_str(&shown.collect::<Vec<_>>().join(", "))?;
        match ranges.len().checked_sub(SHOWN + 1) {
            Some(more) => write!(f, " and {} more", more + 1),
            None if ranges.is_empty() => f.write_str("nobody"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
