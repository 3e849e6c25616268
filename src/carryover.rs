//! Floor 3: what outlives a gateway. A reload compiles a new gateway against it and finds buckets,
//! servers and caps of the old one by their identity; what no gateway uses any more goes by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::http::memory::Memory;
use crate::observe::metrics::Metrics;
use crate::observe::unbelieved::Unbelieved;
use crate::store::gauge::Clients;
use crate::store::limiter::{Limiter, LimiterKey};
use crate::tls::tickets::Tickets;
use crate::upstream::cap::Cap;
use crate::upstream::server::Server;
use crate::upstream::transport;

/// The state of the process that reloads keep, by what makes each piece the same.
pub struct Carryover {
    /// Servers with their connections and health, by upstream, host, port and how they are reached. What is asked of
    /// their health is no part of it: a changed check must not close connections.
    pub servers: Reuse<(String, String, u16, transport::Key), Server>,
    /// Caps of upstreams, by name and cap: permits are out, so a changed cap is a new one.
    pub caps: Reuse<(String, u32), Cap>,
    /// Counts of named limits, by name, rate and key: a changed limit starts afresh.
    pub limiters: Reuse<LimiterKey, Limiter>,
    /// Keys of session tickets, by listener, so that clients resume over a reload.
    pub tickets: Reuse<String, Tickets>,
    /// Requests in flight of each client.
    pub in_flight: Arc<Clients>,
    /// Open streams of each client.
    pub streams: Arc<Clients>,
    /// Connections of each client.
    pub connections: Arc<Clients>,
    /// What bodies hold in memory.
    pub memory: Arc<Memory>,
    /// Bytes of request bodies that lie in files.
    pub spilled: Arc<AtomicU64>,
    /// Connections open, of all clients and on all listeners but the operator's own.
    pub open: Arc<AtomicUsize>,
    /// Listeners that wait for their certificates.
    pub awaited: Awaited,
    /// Whether the process is ending: it takes no new work and says so to who asks.
    pub draining: Arc<AtomicBool>,
    /// Peers whose word on their clients is not taken.
    pub unbelieved: Arc<Unbelieved>,
    /// The counters of the process.
    pub metrics: Arc<Metrics>,
    /// How many workers there are: servers keep a pool for each.
    pub workers: usize,
}

impl Carryover {
    /// Nothing yet, for this many workers.
    pub fn new(metrics: Arc<Metrics>, workers: usize) -> Self {
        Self {
            servers: Reuse::default(),
            caps: Reuse::default(),
            limiters: Reuse::default(),
            tickets: Reuse::default(),
            in_flight: Arc::default(),
            streams: Arc::default(),
            connections: Arc::default(),
            memory: Memory::new(workers),
            spilled: Arc::default(),
            open: Arc::default(),
            awaited: Awaited::default(),
            draining: Arc::default(),
            unbelieved: Arc::default(),
            metrics,
            workers,
        }
    }

    /// Forgets clients that have been quiet for long; for a timer.
    pub fn sweep(&self, now: Instant) {
        self.in_flight.sweep(now);
        self.streams.sweep(now);
        self.connections.sweep(now);
        for limiter in self.limiters.living() {
            limiter.sweep(now);
        }
    }
}

/// Which listeners may wait for their certificates: any until the first policy is in force, then those that do.
#[derive(Debug, Default)]
pub struct Awaited(Mutex<Option<Vec<String>>>);

impl Awaited {
    /// Whether the listener of this name may wait.
    pub fn may_wait(&self, listener: &str) -> bool {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name == listener))
    }

    /// A policy is in force, and the listeners of these names wait.
    pub fn set(&self, names: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
    }
}

/// Values shared by the gateways that hold them, found by what makes them the same.
/// The lock is touched only while a policy compiles.
#[derive(Debug)]
pub struct Reuse<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K, V> Default for Reuse<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V> Reuse<K, V> {
    /// The living value of this identity, or a new one.
    pub fn get_or_build(&self, key: K, build: impl FnOnce() -> Arc<V>) -> Arc<V> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.retain(|_, value| value.strong_count() > 0);
        if let Some(value) = values.get(&key).and_then(Weak::upgrade) {
            return value;
        }
        let value = build();
        values.insert(key, Arc::downgrade(&value));
        value
    }

    /// All that are alive.
    pub fn living(&self) -> Vec<Arc<V>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.values().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_use_is_found_again_and_an_unused_one_is_gone() {
        let reuse = Reuse::default();
        let first = reuse.get_or_build("a", || Arc::new(1));
        assert!(Arc::ptr_eq(&first, &reuse.get_or_build("a", || Arc::new(2))));
        drop(first);
        assert_eq!(*reuse.get_or_build("a", || Arc::new(3)), 3);
    }

    #[test]
    fn only_the_living_are_listed() {
        let reuse = Reuse::default();
        let kept = reuse.get_or_build("a", || Arc::new(1));
        drop(reuse.get_or_build("b", || Arc::new(2)));
        assert_eq!(reuse.living(), [kept]);
    }
}
