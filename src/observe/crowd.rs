//! A warning when a client with a private address is refused for how much it has: behind such an address there is
//! often a proxy, a container's network or an office, and all who share it count as one client.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What a client has too many of; each kind is warned of once in the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Connections.
    Connections,
    /// Open streams.
    Streams,
    /// Requests under way.
    InFlight,
}

static WARNED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

impl Kind {
    /// The key that bounds it.
    fn key(self) -> &'static str {
        match self {
            Self::Connections => "max_connections_per_client",
            Self::Streams => "stream.max_open_per_client",
            Self::InFlight => "max_inflight_per_client",
        }
    }
}

/// A client was refused.
pub fn refused(client: IpAddr, kind: Kind) {
    let [connections, streams, in_flight] = &WARNED;
    let warned = match kind {
        Kind::Connections => connections,
        Kind::Streams => streams,
        Kind::InFlight => in_flight,
    };
    if !is_private(client) || warned.swap(true, Relaxed) {
        return;
    }
    let key = kind.key();
    tracing::warn!(
        client = %client,
        key,
        "a client with a private address was refused; if it is a proxy, write `[client] trusted_proxies = [\"{client}\"]`; \
         if many people share this address, raise `{key}`"
    );
}

/// RFC 1918, loopback, link-local, carriers' shared addresses (RFC 6598), and the same of IPv6 (RFC 4193).
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || a == 100 && b & 0xC0 == 64
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn private_is_what_many_may_share_without_being_seen() {
        for (ip, private) in [
            ("10.0.0.1", true),
            ("172.17.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("127.0.0.9", true),
            ("169.254.1.1", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2001:db8::1", false),
            ("203.0.113.7", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), private, "{ip}");
        }
    }
}
