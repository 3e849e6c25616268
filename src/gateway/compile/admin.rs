//! `[admin]` → the operator's own listener, if there is one. It has no certificates and no limits per
//! client: it is reached by few, and must answer when everything else is busy.

use super::{Build, listeners};
use crate::gateway::listener::Listener;
use crate::http::connection::Entrance;
use crate::policy::{self, ListenAddress, Policy, Switch};

/// What the ready line and reports call it.
pub(super) const NAME: &str = "admin";

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> Option<Listener> {
    let address = policy.admin.address?;
    report(policy, address, build);
    let table = policy::Listener {
        address,
        max_connections_per_client: Switch::Off,
        ..policy::Listener::default()
    };
    Some(Listener {
        entrance: Entrance::Admin,
        // Who has waited longest gives way there.
        ..listeners::compile_one(NAME, &table, usize::MAX, build)
    })
}

fn report(policy: &Policy, ListenAddress(address): ListenAddress, build: &Build<'_>) {
    let at = build.at().key("admin").key("address");
    let said = policy.admin.allow.is_some() || policy.admin.metrics_allow.is_some();
    if !address.ip().to_canonical().is_loopback() && !said {
        at.fault(format!(
            "`{address}` is reached from outside this machine, and nothing says who may use it"
        ))
        .help(format!(
            "write `allow` below it, such as allow = [\"10.0.0.0/8\"], or `metrics_allow` for the metrics alone, or address = \"127.0.0.1:{}\"",
            address.port()
        ));
    }
    if policy.listeners.contains_key(NAME) {
        build
            .at()
            .key("listeners")
            .key(NAME)
            .fault("`admin` is the name of the listener of `[admin]`")
            .help("give this one another name: the ready line tells them apart by it");
    }
    let implied = policy::Listener::default();
    let implied = [("http", &implied)].into_iter();
    let written = policy
        .listeners
        .iter()
        .map(|(name, table)| (name.as_str(), table));
    let mut others: Box<dyn Iterator<Item = _>> = if policy.listeners.is_empty() {
        Box::new(implied)
    } else {
        Box::new(written)
    };
    let same = others.find(|(_, table)| table.address.0 == address);
    if let Some((name, _)) = same.filter(|_| address.port() != 0) {
        at.fault(format!("`{address}` is taken by the listener `{name}`"))
            .help("give the admin listener its own port");
    }
}
