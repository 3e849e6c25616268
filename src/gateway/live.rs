//! The gateway that serves now, and one request's hold on it. A reload swaps one pointer; a request
//! keeps the gateway it began with to its end, so it never sees half of two policies.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Cache};

use crate::gateway::Gateway;

/// The gateway in force.
pub struct Live(Arc<ArcSwap<Gateway>>);

impl Live {
    /// Puts the first gateway in force.
    pub fn new(gateway: Gateway) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(gateway)))
    }

    /// Puts another gateway in force, for all requests from now on.
    pub fn swap(&self, gateway: Gateway) {
        self.0.store(Arc::new(gateway));
    }

    /// The gateway in force.
    pub fn current(&self) -> Arc<Gateway> {
        self.0.load_full()
    }

    /// A worker's own hold.
    pub fn holder(&self) -> Holder {
        let current = self.0.load_full();
        let cache = Cache::new(Arc::clone(&self.0));
        Holder(Mutex::new((cache, Snapshot(Arc::new(current)))))
    }
}

/// One worker's hold on the live gateway. Snapshots are counted in an `Arc` of the worker's own, so that
/// a request touches no counter that other cores write; the lock is never contended.
pub struct Holder(Mutex<(Seen, Snapshot)>);

/// What a worker saw last.
type Seen = Cache<Arc<ArcSwap<Gateway>>, Arc<Gateway>>;

impl Holder {
    /// The gateway for one request.
    pub fn snapshot(&self) -> Snapshot {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (cache, snapshot) = &mut *held;
        let current = cache.load();
        if !Arc::ptr_eq(current, &snapshot.0) {
            *snapshot = Snapshot(Arc::new(Arc::clone(current)));
        }
        snapshot.clone()
    }
}

/// One request's hold on a gateway.
#[derive(Clone)]
#[allow(
    clippy::redundant_allocation,
    reason = "the outer count is the worker's own, the inner one is shared by all cores"
)]
pub struct Snapshot(Arc<Arc<Gateway>>);

impl Deref for Snapshot {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.0
    }
}
