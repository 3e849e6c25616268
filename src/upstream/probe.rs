//! Whether an address accepts connections, or says that it is well, asked every few seconds by a timer. Traffic finds out sooner
//! that a server is gone; only a probe can find out that an unused one is back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};

use crate::upstream::http2::question::{PATIENCE, greets, serves};
use crate::upstream::now;
use crate::upstream::resolve::EVERY;
use crate::upstream::server::Server;
use crate::upstream::transport::{Health, Transport};

/// How often kept connections are looked at: a server that hangs up on one, or talks on it, is noticed this soon.
const SWEEP: Duration = Duration::from_secs(1);

/// Closes kept connections that are too old or of no use any more, until dropped.
pub(super) async fn keep_swept(server: &Server) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for endpoint in server.endpoints().iter() {
            endpoint.sweep(now());
        }
    }
}

/// Keeps the health of a server's addresses up to date, until dropped. `health` is what is asked of it.
pub(super) async fn keep_probed(server: &Server, health: Option<&Health>) {
    server.ties.set_checked(health.is_some());
    let mut ticks = interval(health.map_or(EVERY, |health| health.interval));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = server.changed.notified() => {}
        }
        let endpoints = arc_swap::Guard::into_inner(server.endpoints());
        join_all(endpoints.iter().map(async |endpoint| {
            match probe(server.transport(), health, endpoint.address()).await {
                Ok(()) => endpoint.mark().is_well(),
                Err(error) => endpoint.mark().is_down(&error),
            }
        }))
        .await;
    }
}

async fn probe(transport: &Transport, health: Option<&Health>, address: SocketAddr) -> io::Result<()> {
    match health {
        Some(health) => serves(transport, health, address, now() + health.timeout).await,
        None => greets(transport, address, now() + PATIENCE).await,
    }
}
