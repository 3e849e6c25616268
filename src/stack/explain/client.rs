//! The way back to the client, in words: the same walk as traffic takes, with the network that each step is
//! trusted by.

use std::net::IpAddr;

use crate::http::client::{Hop, walk};
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::{Client, Step};
use crate::stack::passage::Passage;

pub(super) fn told(plan: &Passage, sheet: &Sheet<'_>) -> Client {
    let exchange = &plan.exchange;
    let peer = exchange.connection.facts.peer.ip();
    let mut steps = Vec::new();
    if exchange.client.peer_trusted {
        steps.push(trusted(peer, "the connection comes from", sheet));
        for hop in walk(&exchange.head.headers, &sheet.gateway.trust) {
            steps.push(match hop {
                Hop::Trusted(ip) => trusted(ip, "X-Forwarded-For names", sheet),
                Hop::Client(ip) => Step {
                    address: Some(ip),
                    trusted: false,
                    why: "X-Forwarded-For names it, and it is no trusted proxy: the client".to_owned(),
                    line: None,
                },
                Hop::NotAnAddress => Step {
                    address: None,
                    trusted: false,
                    why: "an entry of X-Forwarded-For that is no address: the one before it is the client"
                        .to_owned(),
                    line: None,
                },
            });
        }
    } else {
        steps.push(Step {
            address: Some(peer),
            trusted: false,
            why: "the connection comes from it, and it is no trusted proxy: the client, whatever its headers say"
                .to_owned(),
            line: None,
        });
    }
    Client {
        ip: exchange.client.ip,
        steps,
    }
}

/// A step over a proxy of ours, with the entry of `trusted_proxies` it belongs to.
fn trusted(ip: IpAddr, how: &str, sheet: &Sheet<'_>) -> Step {
    let networks = &sheet.policy.client.trusted_proxies;
    let found = networks.iter().position(|network| network.contains(ip));
    let name = found.and_then(|index| networks.get(index));
    let name = name.map_or_else(String::new, |network| sheet.shown(&network.name));
    let line = found.and_then(|index| {
        let path = ["client", "trusted_proxies", &index.to_string()];
        sheet.source.written(&path).map(|written| written.line)
    });
    Step {
        address: Some(ip),
        trusted: true,
        why: format!("{how} it, and `{name}` is trusted"),
        line,
    }
}
