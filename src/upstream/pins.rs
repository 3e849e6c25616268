//! Connections to servers that belong to one connection of a client, because a login holds on them. They wait with the
//! client's connection, however long, and end with it. None of them is ever in a pool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::connection::Pinned;
use crate::upstream::Upstream;
use crate::upstream::http1::Conn;
use crate::upstream::mark::Mark;
use crate::upstream::pool::{Idle, Lane};

/// How long one may wait, if its server says nothing of that: longer than the client's connection lasts.
pub(super) const NO_END: Duration = Duration::from_hours(365 * 24);

/// The connections of one client's connection. Its requests come one after the other, so there is one for each upstream.
#[derive(Default)]
pub(super) struct Pins(Mutex<Vec<Pin>>);

struct Pin {
    /// The name of the upstream.
    upstream: Box<str>,
    mark: Arc<Mark>,
    idle: Idle,
}

impl Pins {
    /// Those of a client's connection, made if there are none.
    pub(super) fn of(place: &Pinned) -> Option<Arc<Self>> {
        let pins = place.get_or_init(|| Arc::new(Self::default()));
        Arc::clone(pins).downcast().ok()
    }

    /// Takes out the connection to an upstream, if it may carry another request: its server is still one of the upstream's
    /// and keeps it open.
    pub(super) fn take(
        place: &Pinned,
        upstream: &Upstream,
        worker: usize,
        now: Instant,
    ) -> Option<(Arc<Lane>, Box<Conn>)> {
        // Nearly all clients have none.
        place.get()?;
        let pins = Self::of(place)?;
        let mut pins = pins.lock();
        let at = pins.iter().position(|pin| *pin.upstream == *upstream.name())?;
        let mut pin = pins.swap_remove(at);
        if !pin.idle.is_young(now, NO_END) || !pin.idle.conn.is_quiet() {
            return None;
        }
        Some((upstream.lane_to(&pin.mark, worker)?, pin.idle.conn))
    }

    /// Keeps the connection to an upstream, in place of any other.
    pub(super) fn put(&self, upstream: &str, mark: Arc<Mark>, mut idle: Idle) {
        idle.conn.own();
        let mut pins = self.lock();
        pins.retain(|pin| *pin.upstream != *upstream);
        pins.push(Pin {
            upstream: upstream.into(),
            mark,
            idle,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pin>> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
