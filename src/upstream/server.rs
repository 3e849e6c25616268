//! One `host:port` as the policy writes it, and the addresses it has at the moment. Passive: it neither
//! looks up nor probes, so building one costs nothing and a faulty policy leaves no trace.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Notify;

use crate::upstream::endpoint::Endpoint;
use crate::upstream::mark::Ties;
use crate::upstream::transport::Transport;

/// A server of an upstream. It outlives gateways as long as policies name it.
pub struct Server {
    host: String,
    port: u16,
    transport: Arc<Transport>,
    workers: usize,
    literal: bool,
    endpoints: ArcSwap<Vec<Arc<Endpoint>>>,
    pub(super) ties: Arc<Ties>,
    /// There are other addresses than before: nobody knows yet whether they live.
    pub(super) changed: Notify,
}

impl Server {
    /// A server by name or address (IPv6 with or without brackets), with a lane for each worker; HTTP/1.1 in plain.
    pub fn new(host: &str, port: u16, workers: usize) -> Self {
        Self::over(Transport::default(), host, port, workers)
    }

    /// The same, reached otherwise.
    pub fn over(transport: Transport, host: &str, port: u16, workers: usize) -> Self {
        let transport = Arc::new(transport);
        let host = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let address = host.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, port));
        let ties = Arc::<Ties>::default();
        let endpoints = address.map(|address| {
            let transport = Arc::clone(&transport);
            Arc::new(Endpoint::new(address, transport, workers, Arc::clone(&ties)))
        });
        Self {
            host: host.to_owned(),
            port,
            transport,
            workers,
            literal: address.is_some(),
            endpoints: ArcSwap::from_pointee(endpoints.into_iter().collect()),
            ties,
            changed: Notify::new(),
        }
    }

    /// Takes over the addresses of a server of the same name that is reached otherwise, until its own are looked
    /// up: a reload that changes how must not lose sight of where.
    #[must_use]
    pub fn found_where(self, other: &Self) -> Self {
        if !self.literal && self.host == other.host && self.port == other.port {
            let addresses = other
                .endpoints()
                .iter()
                .map(|endpoint| endpoint.address())
                .collect();
            self.set_addresses(addresses);
        }
        self
    }

    /// The name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How it is reached.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Whether the host is an address already, and there is nothing to look up.
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    /// The addresses it has now.
    pub fn endpoints(&self) -> Guard<Arc<Vec<Arc<Endpoint>>>> {
        self.endpoints.load()
    }

    /// Puts these addresses in the place of the present ones; an address that stays keeps its
    /// connections. Returns whether anything is different.
    pub(super) fn set_addresses(&self, mut addresses: Vec<SocketAddr>) -> bool {
        // Name servers shuffle their answers; in order, the same addresses are the same list.
        addresses.sort_unstable();
        addresses.dedup();
        let present = self.endpoints.load_full();
        if present
            .iter()
            .map(|endpoint| endpoint.address())
            .eq(addresses.iter().copied())
        {
            return false;
        }
        let next = addresses.iter().map(|address| {
            let kept = present.iter().find(|endpoint| endpoint.address() == *address);
            kept.cloned().unwrap_or_else(|| {
                let transport = Arc::clone(&self.transport);
                Arc::new(Endpoint::new(
                    *address,
                    transport,
                    self.workers,
                    Arc::clone(&self.ties),
                ))
            })
        });
        self.endpoints.store(Arc::new(next.collect()));
        for endpoint in present.iter().filter(|it| !addresses.contains(&it.address())) {
            endpoint.retire();
        }
        self.changed.notify_one();
        true
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({self})")
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 80))
    }

    #[test]
    fn an_address_is_its_own_endpoint() {
        let server = Server::new("[::1]", 80, 1);
        assert!(server.is_literal());
        assert_eq!(server.endpoints()[0].address(), "[::1]:80".parse().unwrap());
        assert_eq!(server.to_string(), "[::1]:80");
    }

    #[test]
    fn a_name_has_no_address_until_it_is_looked_up() {
        assert!(Server::new("app", 80, 1).endpoints().is_empty());
    }

    #[test]
    fn an_address_that_stays_keeps_its_endpoint() {
        let server = Server::new("app", 80, 2);
        assert!(server.set_addresses(vec![at(2), at(1)]));
        let before = Arc::clone(&server.endpoints()[0]);
        assert!(
            !server.set_addresses(vec![at(1), at(2), at(1)]),
            "only the order is different"
        );
        assert!(server.set_addresses(vec![at(3), at(1)]));
        assert!(Arc::ptr_eq(&before, &server.endpoints()[0]));
        assert_eq!(server.endpoints()[1].address(), at(3));
    }
}
