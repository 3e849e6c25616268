//! `[client]`: whose word is believed about where a request comes from.

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::units::Network;

/// `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Proxies in front of this gateway, whose `Forwarded` and `X-Forwarded-For` are believed: CIDRs,
    /// addresses, or the names `loopback`, `private`, `cloudflare`. Default `[]`: the peer is the
    /// client, since anybody can write these headers.
    pub trusted_proxies: Vec<Network>,
    /// Headers that only a proxy may write, and that pass from `trusted_proxies` all the same:
    /// `["remote-user"]`, in the spelling that passes. What names a method or a file passes from everybody
    /// then. Default `[]`: all go, since a proxy may pass on what a stranger wrote
    /// ([which](proxy-headers.md)).
    pub keep_headers: Vec<String>,
    /// How many leading bits of an IPv6 address count as one client, 32 to 128. Default 64: one
    /// household or server holds at least a /64 and could otherwise take a fresh address per request.
    #[serde(deserialize_with = "prefix")]
    pub ipv6_prefix: u8,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            keep_headers: Vec::new(),
            ipv6_prefix: defaults::IPV6_PREFIX,
        }
    }
}

fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        bits @ 32..=128 => Ok(bits),
        bits => Err(serde::de::Error::custom(format!(
            "`{bits}` is not a prefix for a client: write 32 to 128, 64 for most"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_trusted_by_default() {
        assert!(Client::default().trusted_proxies.is_empty());
    }

    #[test]
    fn the_prefix_stays_between_its_bounds() {
        let read = |text: &str| toml::from_str::<Client>(text).map(|c| c.ipv6_prefix);
        assert_eq!(read("ipv6_prefix = 56").unwrap(), 56);
        assert!(read("ipv6_prefix = 31").is_err());
        assert!(read("ipv6_prefix = 129").is_err());
    }
}
