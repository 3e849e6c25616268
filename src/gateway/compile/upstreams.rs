//! `[upstreams.NAME]` → upstreams. Servers, with their connections and health, and caps come from the
//! carryover if the running gateway has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Build, transport};
use crate::gateway::route::{Route, Target};
use crate::http::vet::{Repair, Repairs, Rules};
use crate::layers::queue::Queue;
use crate::policy::problem::At;
use crate::policy::{self, Policy, Tolerated};
use crate::upstream::cap::{self, Cap};
use crate::upstream::server::Server;
use crate::upstream::{Setup, Upstream};

/// An upstream with the place in front of it.
pub(super) struct Compiled {
    pub(super) upstream: Arc<Upstream>,
    cap: Option<(Arc<Cap>, cap::Queue)>,
}

impl Compiled {
    /// The layer in front of it, for one route.
    pub(super) fn queue(&self) -> Option<Queue> {
        self.cap.as_ref().map(|(cap, queue)| Queue {
            cap: Arc::clone(cap),
            queue: *queue,
        })
    }
}

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> BTreeMap<String, Compiled> {
    let each = policy.upstreams.iter();
    each.map(|(name, table)| (name.clone(), compile_one(name, table, build)))
        .collect()
}

fn compile_one(name: &str, table: &policy::Upstream, build: &Build<'_>) -> Compiled {
    let carryover = build.carryover;
    let at = build.at().key("upstreams").key(name);
    // Where there was a fault no gateway comes of it.
    let transports = transport::compile(table, &at).unwrap_or_default();
    let servers = table.servers.iter().zip(transports).map(|(server, transport)| {
        let key = (name.to_owned(), server.host.clone(), server.port, transport.key());
        let present = carryover.servers.living();
        carryover.servers.get_or_build(key, || {
            let new = Server::over(transport, &server.host, server.port, carryover.workers);
            Arc::new(present.iter().fold(new, |new, other| new.found_where(other)))
        })
    });
    let cap = table.max_inflight.get().map(|most| {
        let cap = carryover
            .caps
            .get_or_build((name.to_owned(), most), || Cap::new(most));
        (
            cap,
            cap::Queue {
                size: table.queue.size as usize,
                timeout: table.queue.timeout.0,
            },
        )
    });
    report(table, &at);
    let metrics = carryover.metrics.upstream(name);
    metrics
        .repaired
        .declare(tolerated(table).iter().map(Repair::name));
    let setup = Setup {
        name: name.to_owned(),
        servers: servers.collect(),
        connect: table.connect.0,
        pool_idle: table.pool_idle.0,
        http2: table.http2,
        cap: cap.as_ref().map(|(cap, _)| Arc::clone(cap)),
        rules: Rules {
            max_head: usize::try_from(table.max_head.0).unwrap_or(usize::MAX),
            max_fields: table.max_headers,
            tolerated: tolerated(table),
        },
        sight: metrics,
        announce: transport::announce(table),
        health: transport::health(table),
    };
    Compiled {
        upstream: Arc::new(Upstream::new(setup, carryover.workers)),
        cap,
    }
}

/// What the servers may do against the rules.
fn tolerated(table: &policy::Upstream) -> Repairs {
    let mut tolerated = Repairs::default();
    for one in &table.tolerate {
        tolerated.add(match one {
            Tolerated::BareLf => Repair::BareLf,
            Tolerated::RepeatedLength => Repair::RepeatedLength,
            Tolerated::LengthWithChunks => Repair::LengthWithChunks,
            Tolerated::IdentityCoding => Repair::IdentityCoding,
            Tolerated::ChunksInHttp10 => Repair::ChunksInHttp10,
            Tolerated::BadField => Repair::BadField,
        });
    }
    tolerated
}

fn report(table: &policy::Upstream, at: &At<'_>) {
    for (index, server) in table.servers.iter().enumerate() {
        if table.servers.iter().take(index).any(|earlier| earlier == server) {
            at.key("servers")
                .index(index)
                .fault(format!("`{server}` is listed twice"))
                .help("name each server once");
        }
    }
    if table.http2 && !table.tolerate.is_empty() {
        at.key("tolerate")
            .fault("what can be tolerated is in HTTP/1.1 only, and these servers speak HTTP/2")
            .help("leave it out, or leave out `http2`");
    }
    if table.max_inflight.get() == Some(0) {
        at.key("max_inflight")
            .fault("an upstream that takes no request serves nobody")
            .help("write 1 or more, or \"off\"");
    }
}

/// The upstreams some route forwards to, each once.
pub(super) fn in_use(upstreams: &BTreeMap<String, Compiled>, routes: &[Route]) -> Vec<Arc<Upstream>> {
    let used = upstreams.values().filter(|compiled| {
        routes.iter().any(|route| {
            matches!(&route.target, Target::Upstream(upstream) if Arc::ptr_eq(upstream, &compiled.upstream))
        })
    });
    used.map(|compiled| Arc::clone(&compiled.upstream)).collect()
}
