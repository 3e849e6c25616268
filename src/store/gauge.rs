//! How many of something one client has: requests in flight, connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::http::exchange::{Permit, Release};
use crate::store::table::Idle;

/// How many of something one client has.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU32);

impl Gauge {
    /// Takes one more if fewer than `most` are taken.
    pub fn take(self: Arc<Self>, most: u32) -> Option<Permit> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
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
    fn idle(&self, _now: Instant) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}
