//! `[listeners.NAME]` → listeners; without any, one on `0.0.0.0:8080`.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::SystemTime;

use super::{Build, certificates};
use crate::gateway::listener::Listener;
use crate::http::exchange::Entrance;
use crate::http::room;
use crate::policy::problem::At;
use crate::policy::{self, Policy};

/// Files the process needs besides connections: logs, pipes, the clock of each worker, name look-ups.
const RESERVED_FILES: u64 = 64;

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> Vec<Listener> {
    let upstreams = || policy.upstreams.values();
    let notes_local = upstreams().any(|upstream| upstream.proxy_protocol.get().is_some());
    let multiplexed = upstreams().any(|upstream| upstream.http2);
    let beyond = if multiplexed { room::MULTIPLEXED } else { 0 };
    let listeners = compile_each(policy, build).into_iter();
    listeners
        .map(|listener| Listener {
            notes_local,
            beyond,
            ..listener
        })
        .collect()
}

fn compile_each(policy: &Policy, build: &Build<'_>) -> Vec<Listener> {
    let share = connections_each(files(), policy.listeners.len());
    if policy.listeners.is_empty() {
        let table = policy::Listener::default();
        report_wide_trust(policy, "http", table.address.0.ip(), build);
        return vec![compile_one("http", &policy::Listener::default(), share, build)];
    }
    for (index, (name, table)) in policy.listeners.iter().enumerate() {
        let address = table.address.0;
        let earlier = policy
            .listeners
            .iter()
            .take(index)
            .find(|(_, other)| other.address.0 == address);
        if let Some((other, _)) = earlier.filter(|_| address.port() != 0) {
            build
                .at()
                .key("listeners")
                .key(name)
                .key("address")
                .fault(format!("`{address}` is taken by the listener `{other}`"))
                .help("give each listener its own port");
        }
        report_wide_trust(policy, name, address.ip(), build);
        report_redirect(policy, name, table, build);
        report_proxy_protocol(policy, name, table, build);
    }
    policy
        .listeners
        .iter()
        .map(|(name, table)| compile_one(name, table, share, build))
        .collect()
}

/// Behind Docker's userland proxy every peer has a private address: whoever trusts them trusts everybody.
fn report_wide_trust(policy: &Policy, listener: &str, ip: IpAddr, build: &Build<'_>) {
    let private = policy
        .client
        .trusted_proxies
        .iter()
        .position(|network| network.name == "private");
    if let Some(index) = private.filter(|_| !ip.is_loopback()) {
        build.at().key("client").key("trusted_proxies").index(index)
            .warn(format!("the listener `{listener}` is open to all, and every peer with a private address may claim to be anyone"))
            .help("name the proxy's own network, such as \"172.18.0.0/16\"; behind Docker's port mapping every client looks private");
    }
}

/// A redirect that can only lead back here, or nowhere.
fn report_redirect(policy: &Policy, name: &str, table: &policy::Listener, build: &Build<'_>) {
    let at = build.at().key("listeners").key(name).key("redirect_to_https");
    let secure = |listener: &policy::Listener| !listener.certificates.is_empty();
    let Some(port) = table.redirect_to_https.get().map(NonZeroU16::get) else {
        return;
    };
    if secure(table) {
        at.fault(format!(
            "the listener `{name}` has certificates, so all its requests are https already"
        ))
        .help("set it on the plain listener, and leave it out here");
    } else if !policy.listeners.values().any(secure) && policy.client.trusted_proxies.is_empty() {
        at.warn("no listener has certificates, and no trusted proxy could say that a request came by https")
            .help("add a listener with `[[listeners.NAME.certificates]]`, or name the proxy that ends TLS in `[client] trusted_proxies`");
    } else if port == table.address.0.port() {
        at.warn(format!(
            "port {port} is this listener's own, which speaks no TLS: clients are sent round for ever"
        ))
        .help("write the port that clients reach https on, 443 for most");
    } else {
        report_missed(policy, table, port, &at);
    }
}

/// A redirect to where no listener with certificates is. Ports may be mapped, so only port 80 is taken at its word.
fn report_missed(policy: &Policy, table: &policy::Listener, port: u16, at: &At<'_>) {
    let secure: Vec<_> = policy
        .listeners
        .values()
        .filter(|listener| !listener.certificates.is_empty())
        .map(|listener| listener.address.0)
        .collect();
    let (open, mapped) = (!table.address.0.ip().is_loopback(), table.address.0.port() != 80);
    if secure.is_empty() {
        return;
    }
    if open && secure.iter().all(|address| address.ip().is_loopback()) {
        at.warn("clients from outside are sent to https, and https is served on a loopback address only")
            .help("give the listener with certificates an address that they reach, such as \"0.0.0.0:443\"");
    } else if !mapped && secure.iter().all(|address| address.port() != port) {
        let ports: Vec<_> = secure.iter().map(|address| address.port().to_string()).collect();
        at.warn(format!(
            "clients are sent to port {port}, and https is served on port {}",
            ports.join(", ")
        ))
        .help("write the port that clients reach https on; if port 80 and it are mapped, all is well");
    }
}

/// A listener that nobody may talk to.
fn report_proxy_protocol(policy: &Policy, name: &str, table: &policy::Listener, build: &Build<'_>) {
    if table.proxy_protocol && policy.client.trusted_proxies.is_empty() {
        build
            .at()
            .key("listeners")
            .key(name)
            .key("proxy_protocol")
            .fault(format!(
                "the listener `{name}` believes only trusted proxies, and there are none"
            ))
            .help("name the proxy's network in `[client] trusted_proxies`, or leave `proxy_protocol` out");
    }
}

pub(super) fn compile_one(name: &str, table: &policy::Listener, share: usize, build: &Build<'_>) -> Listener {
    let (tls, certificates) =
        certificates::compile(name, &table.certificates, SystemTime::now(), build).unzip();
    Listener {
        name: name.to_owned(),
        address: table.address.0,
        max_connections: table.max_connections.map_or(share, |most| most as usize),
        max_connections_per_client: table.max_connections_per_client.get(),
        max_head: usize::try_from(table.max_head.0).unwrap_or(usize::MAX),
        max_headers: usize::from(table.max_headers),
        max_target: table.max_target.0,
        request_head: table.timeouts.request_head.0,
        keep_alive_idle: table.timeouts.keep_alive_idle.0,
        tls,
        certificates,
        tls_handshake: table.timeouts.tls_handshake.0,
        redirect_to_https: table.redirect_to_https.get(),
        proxy_protocol: table.proxy_protocol,
        notes_local: false,
        beyond: 0,
        entrance: Entrance::Public,
    }
}

/// The files the process may open.
fn files() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.unwrap_or(65_536)
}

/// Half of the files, since each request may need one towards the upstream too; the listeners share them.
fn connections_each(files: u64, listeners: usize) -> usize {
    let all = usize::try_from(files.saturating_sub(RESERVED_FILES) / 2).unwrap_or(usize::MAX);
    (all / listeners.max(1)).max(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_together_leave_half_of_the_files_to_the_upstreams() {
        assert_eq!(connections_each(1064, 0), 500);
        assert_eq!(connections_each(1064, 1), 500);
        assert_eq!(connections_each(1064, 2), 250);
        assert_eq!(connections_each(64, 2), 16, "few are better than none");
    }
}
