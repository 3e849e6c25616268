//! How many of something one client has: requests in flight, connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::http::client::ClientKey;
use crate::http::exchange::{Permit, Release};
use crate::store::Epoch;
use crate::store::table::{DEFAULT_CAPACITY, Idle, Table};

/// How many of something one client has.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU32);

impl Gauge {
    /// Takes one more if fewer than `most` are taken.
    pub fn take(self: Arc<Self>, most: u32) -> Option<Permit> {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < most).then(|| taken + 1)
            });
        taken.is_ok().then(|| Permit::new(self))
    }
}

impl Release for Gauge {
    fn release(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Idle for Gauge {
    fn idle(&self, _now: Duration) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// The gauge of each client.
pub struct Clients {
    epoch: Epoch,
    table: Table<Gauge>,
}

impl Clients {
    /// One more for this client, if it has fewer than `most`. An IPv6 client is its network of `ipv6_prefix` bits.
    pub fn take(&self, ip: IpAddr, ipv6_prefix: u8, most: u32, now: Instant) -> Option<Permit> {
        let key = ClientKey::new(ip, ipv6_prefix).into();
        self.table.entry(key, self.epoch.at(now)).take(most)
    }

    /// Forgets clients that have nothing; for a timer.
    pub fn sweep(&self, now: Instant) {
        self.table.sweep(self.epoch.at(now));
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            epoch: Epoch::new(Instant::now()),
            table: Table::new(DEFAULT_CAPACITY),
        }
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients")
            .field("count", &self.table.len())
            .finish_non_exhaustive()
    }
}
