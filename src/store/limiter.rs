//! A named limit with what every key has spent of it: a window or a bucket, over one table. Shared by all
//! routes that name the limit and by all workers, and kept over reloads while the limit stays the same.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::store::bucket::{Bucket, BucketQuota};
use crate::store::table::{DEFAULT_CAPACITY, Key, Table};
use crate::store::window::{Window, WindowQuota};
use crate::store::{Epoch, Verdict};

/// What makes two limits the same, so that counts live on over a reload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LimiterKey {
    /// The name in the policy.
    pub name: String,
    /// Requests …
    pub count: u32,
    /// … in this long.
    pub per: Duration,
    /// At once; with it a bucket, without it a window.
    pub burst: Option<NonZeroU32>,
    /// Where the key is taken from, as written.
    pub key: Vec<String>,
    /// How much of an IPv6 address is one client, in bits.
    pub ipv6_prefix: u8,
}

/// A limit and its counts.
pub struct Limiter {
    epoch: Epoch,
    counts: Counts,
}

enum Counts {
    Window(WindowQuota, Table<Mutex<Window>>),
    Bucket(BucketQuota, Table<Bucket>),
}

impl Limiter {
    /// A sliding window: never more than `count` in any `per`.
    pub fn window(count: u32, per: Duration) -> Self {
        Self::new(Counts::Window(
            WindowQuota::new(count, per),
            Table::new(DEFAULT_CAPACITY),
        ))
    }

    /// A token bucket: `burst` at once, refilled at `count` per `per`. The message of a faulty one says how to mend it.
    pub fn bucket(count: u32, per: Duration, burst: NonZeroU32) -> Result<Self, String> {
        let quota = BucketQuota::new(count, per, burst)?;
        Ok(Self::new(Counts::Bucket(quota, Table::new(DEFAULT_CAPACITY))))
    }

    fn new(counts: Counts) -> Self {
        Self {
            epoch: Epoch::new(Instant::now()),
            counts,
        }
    }

    /// How many may pass at once, and how long a whole quota takes to come back.
    pub fn quota(&self) -> (u32, Duration) {
        match &self.counts {
            Counts::Window(quota, _) => (quota.count(), quota.per()),
            Counts::Bucket(quota, _) => (quota.burst(), quota.fills_in()),
        }
    }

    /// Whether it is a token bucket; else it is a sliding window.
    pub fn is_bucket(&self) -> bool {
        matches!(self.counts, Counts::Bucket(..))
    }

    /// The key of a header's or cookie's value.
    pub fn key_of(&self, source: &str, value: &[u8]) -> Key {
        match &self.counts {
            Counts::Window(_, table) => table.key_of(source, value),
            Counts::Bucket(_, table) => table.key_of(source, value),
        }
    }

    /// Whether one more request of this key may pass; spends nothing.
    pub fn peek(&self, key: Key, now: Instant) -> Verdict {
        let now = self.epoch.at(now);
        match &self.counts {
            Counts::Window(quota, table) => lock(&table.entry(key, now)).peek(quota, now),
            Counts::Bucket(quota, table) => table.entry(key, now).peek(quota, now),
        }
    }

    /// Takes one request of this key, if it may pass.
    pub fn take(&self, key: Key, now: Instant) -> Verdict {
        let now = self.epoch.at(now);
        match &self.counts {
            Counts::Window(quota, table) => lock(&table.entry(key, now)).take(quota, now),
            Counts::Bucket(quota, table) => table.entry(key, now).take(quota, now),
        }
    }

    /// Forgets keys that have nothing spent; for a timer.
    pub fn sweep(&self, now: Instant) {
        let now = self.epoch.at(now);
        match &self.counts {
            Counts::Window(_, table) => table.sweep(now),
            Counts::Bucket(_, table) => table.sweep(now),
        }
    }
}

/// One key's window; the lock is shared only by requests of the same client.
fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Limiter").field(&self.quota()).finish()
    }
}
