//! Whether an address accepts connections, asked every few seconds by a timer. Traffic finds out sooner
//! that a server is gone; only a probe can find out that an unused one is back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::upstream::now;
use crate::upstream::resolve::EVERY;
use crate::upstream::server::Server;

/// How long an address may take to accept.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keeps the health of a server's addresses up to date, until dropped; closes old connections on the way.
pub(super) async fn keep_probed(server: &Server) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = server.changed.notified() => {}
        }
        let endpoints = arc_swap::Guard::into_inner(server.endpoints());
        join_all(endpoints.iter().map(async |endpoint| match probe(endpoint.address()).await {
            Ok(()) => endpoint.mark().is_up(),
            Err(error) => endpoint.mark().is_down(&error),
        }))
        .await;
        for endpoint in endpoints.iter() {
            endpoint.sweep(now());
        }
    }
}

async fn probe(address: SocketAddr) -> io::Result<()> {
    match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected.map(drop),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to the probe")),
    }
}
