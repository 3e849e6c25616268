//! `[listeners.NAME]` → listeners; without any, one on `0.0.0.0:8080`.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::SystemTime;

use super::{Build, awaited, certificates};
use crate::gateway::listener::{FILES, Listener};
use crate::http::connection::Entrance;
use crate::policy::problem::At;
use crate::policy::{self, Policy};

/// Files the process needs besides connections: logs, pipes, the clock of each worker, name look-ups.
const RESERVED_FILES: u64 = 64;

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> Vec<Listener> {
    let upstreams = || policy.upstreams.values();
    let notes_local = upstreams().any(|upstream| upstream.proxy_protocol.get().is_some());
    let listeners = compile_each(policy, build).into_iter();
    listeners
        .map(|listener| Listener {
            notes_local,
            ..listener
        })
        .collect()
}

fn compile_each(policy: &Policy, build: &Build<'_>) -> Vec<Listener> {
    let all = connections(files());
    if policy.listeners.is_empty() {
        let table = policy::Listener::default();
        report_wide_trust(policy, "http", table.address.0.ip(), build);
        return vec![compile_one("http", &table, all, build)];
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
        .map(|(name, table)| compile_one(name, table, all, build))
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

/// `all` is how many connections the listener may have with those that it shares them with.
pub(super) fn compile_one(name: &str, table: &policy::Listener, all: usize, build: &Build<'_>) -> Listener {
    let awaits = awaited::missing(name, &table.certificates, build);
    let files = if awaits.is_some() {
        &[]
    } else {
        &table.certificates[..]
    };
    let (tls, certificates) =
        certificates::compile(name, files, SystemTime::now(), (build.carryover, build.problems)).unzip();
    Listener {
        name: name.to_owned(),
        address: table.address.0,
        max_connections: table.max_connections.map_or(all, |most| all.min(most as usize)),
        max_connections_in_all: all,
        max_connections_per_client: table.max_connections_per_client.get(),
        max_head: usize::try_from(table.max_head.0).unwrap_or(usize::MAX),
        max_headers: usize::from(table.max_headers),
        max_target: table.max_target.0,
        request_head: table.timeouts.request_head.0,
        keep_alive_idle: table.timeouts.keep_alive_idle.0,
        tls,
        certificates,
        awaits,
        tls_handshake: table.timeouts.tls_handshake.0,
        redirect_to_https: table.redirect_to_https.get(),
        proxy_protocol: table.proxy_protocol,
        notes_local: false,
        entrance: Entrance::Public,
    }
}

/// The files the process may open once it serves, which is when it raises the limit.
fn files() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = limit.maximum.map_or(FILES, |most| most.min(FILES));
    limit.current.unwrap_or(FILES).max(raised)
}

/// Half of the files, since each request may need one towards the upstream too. Whatever one listener leaves, another
/// may take.
fn connections(files: u64) -> usize {
    let all = usize::try_from(files.saturating_sub(RESERVED_FILES) / 2).unwrap_or(usize::MAX);
    all.max(16)
}

/// How many connections there may be, in all and on each listener.
pub(super) fn remark(listeners: &[Listener]) -> Option<String> {
    let all = listeners.first()?.max_connections_in_all;
    let each = |listener: &Listener| format!("{} {}", listener.name, listener.max_connections);
    let each: Vec<_> = listeners.iter().map(each).collect();
    Some(format!(
        "at most {all} connections at once, half of the files that may be open; on each listener: {}",
        each.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_together_leave_half_of_the_files_to_the_upstreams() {
        assert_eq!(connections(1064), 500);
        assert_eq!(connections(64), 16, "few are better than none");
    }
}
