//! How many connections there may be, and whose: the places that one takes when it comes and gives up when it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use crate::carryover::Carryover;
use crate::edge::door::Door;
use crate::gateway::Gateway;
use crate::gateway::listener::Listener;
use crate::http::exchange::{Permit, Release};
use crate::observe::crowd;

/// A place among all connections, of this door and in all, and one among the client's own; which cap is reached if there
/// is none.
pub(super) fn take(
    peer: SocketAddr,
    (door, listener): (&Arc<Door>, &Listener),
    gateway: &Gateway,
    carryover: &Carryover,
) -> Result<[Option<Permit>; 2], &'static str> {
    let taken = door.open.fetch_add(1, Relaxed);
    let in_all = door.open_in_all.fetch_add(1, Relaxed);
    let place = Permit::new(Arc::clone(door) as Arc<dyn Release>);
    if taken >= listener.max_connections || in_all >= listener.max_connections_in_all {
        return Err("max_connections");
    }
    Ok([Some(place), own(peer, listener, gateway, carryover)?])
}

/// A place among the connections of one client; trusted proxies need none.
pub(super) fn own(
    peer: SocketAddr,
    listener: &Listener,
    gateway: &Gateway,
    carryover: &Carryover,
) -> Result<Option<Permit>, &'static str> {
    let Some(most) = listener
        .max_connections_per_client
        .filter(|_| !gateway.trust.contains(peer.ip()))
    else {
        return Ok(None);
    };
    let client = peer.ip().to_canonical();
    let own = carryover
        .connections
        .take(client, gateway.ipv6_prefix, most, Instant::now());
    if own.is_none() {
        crowd::refused(client, crowd::Kind::Connections);
    }
    own.map(Some).ok_or("max_connections_per_client")
}

impl Release for Door {
    fn release(&self) {
        self.open.fetch_sub(1, Relaxed);
        self.open_in_all.fetch_sub(1, Relaxed);
    }
}
