//! The one table of state per key that workers share: the only exception to "no lock shared by cores", since a
//! limit that each worker kept for itself would be as many limits. A connection looks its entry up once and holds it.
//! It is bounded: whoever can invent keys (IPv6 networks, header values) must not be able to fill the memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::http::client::ClientKey;

/// Entries a table holds unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 1 << 20;

const SHARDS: usize = 64;
/// A full shard is searched for idle entries at most this often: a flood of new keys must not buy a search each.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// Whom state is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    hashed: bool,
    bits: [u64; 2],
}

/// State that may be thrown away when it says nothing any more.
pub trait Idle {
    /// Whether it is as good as new at `now`, in the store's time.
    fn idle(&self, now: Duration) -> bool;
}

/// State of type `V` by key.
pub struct Table<V> {
    shards: Box<[Shard<V>]>,
    per_shard: usize,
    hasher: ahash::RandomState,
    // Of what may be a secret: two keyed hashes that nobody outside can aim.
    secret_hashers: [RandomState; 2],
    overflow: Arc<V>,
    overflowed: AtomicU64,
}

/// On cache lines of its own, so that a lock taken by one core does not slow its neighbours down.
#[repr(align(128))]
struct Shard<V>(Mutex<Entries<V>>);

struct Entries<V> {
    map: HashMap<Hashed, Arc<V>, BuildHasherDefault<Ready>>,
    searched: Option<Duration>,
}

/// A key with its hash, so that it is hashed once for shard and map together.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hashed {
    hash: u64,
    key: Key,
}

/// Passes a hash on that is there already.
#[derive(Default)]
struct Ready(u64);

impl From<ClientKey> for Key {
    fn from(client: ClientKey) -> Self {
        Self {
            hashed: false,
            bits: halves(client.bits()),
        }
    }
}

impl<V: Default + Idle> Table<V> {
    /// An empty table for at most about `capacity` entries.
    pub fn new(capacity: usize) -> Self {
        let shard = || {
            Shard(Mutex::new(Entries {
                map: HashMap::default(),
                searched: None,
            }))
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            per_shard: capacity.div_ceil(SHARDS).max(1),
            hasher: ahash::RandomState::new(),
            secret_hashers: [RandomState::new(), RandomState::new()],
            overflow: Arc::default(),
            overflowed: AtomicU64::new(0),
        }
    }

    /// The key of a value found in `source` (a header's or cookie's name). Only its keyed hash is kept: 128 bits that
    /// nobody outside can aim, so that no two values share a budget, and no secret stays in memory.
    pub fn key_of(&self, source: &str, value: &[u8]) -> Key {
        let bits = self
            .secret_hashers
            .each_ref()
            .map(|hasher| hasher.hash_one((source, value)));
        Key { hashed: true, bits }
    }

    /// The state of a key, made if need be. When a shard is full of state in use, all further keys share one entry:
    /// strict rather than open, else a flood of invented keys would be the way round every limit.
    pub fn entry(&self, key: Key, now: Duration) -> Arc<V> {
        let hashed = Hashed {
            hash: self.hasher.hash_one(key),
            key,
        };
        let mut entries = self.shard(hashed.hash);
        if let Some(value) = entries.map.get(&hashed) {
            return Arc::clone(value);
        }
        if entries.map.len() >= self.per_shard && !entries.make_room(self.per_shard, now) {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
            return Arc::clone(&self.overflow);
        }
        Arc::clone(entries.map.entry(hashed).or_default())
    }

    /// Drops what nobody holds and is idle; for a timer, every minute or so. One shard is locked at a time.
    pub fn sweep(&self, now: Duration) {
        for shard in &self.shards {
            shard.lock().drop_idle(now);
        }
    }

    /// How many keys have state.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().map.len()).sum()
    }

    /// Whether no key has state.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often the shared entry was given out for want of room.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Picked by bits in the middle: the map uses those at both ends.
    fn shard(&self, hash: u64) -> MutexGuard<'_, Entries<V>> {
        let at = usize::try_from(hash >> 32).unwrap_or(0) % SHARDS;
        self.shards
            .get(at)
            .expect("a remainder of the number of shards")
            .lock()
    }
}

impl<V> Shard<V> {
    fn lock(&self) -> MutexGuard<'_, Entries<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Idle> Entries<V> {
    #[cold]
    fn make_room(&mut self, limit: usize, now: Duration) -> bool {
        if self
            .searched
            .is_some_and(|at| now < at.saturating_add(SEARCH_EVERY))
        {
            return false;
        }
        self.searched = Some(now);
        self.drop_idle(now);
        self.map.len() < limit
    }

    fn drop_idle(&mut self, now: Duration) {
        // Whoever wants another hold on an entry needs this lock, so a count of one cannot grow meanwhile.
        self.map
            .retain(|_, value| Arc::strong_count(value) > 1 || !value.idle(now));
        if self.map.capacity() > 4 * self.map.len() + 64 {
            self.map.shrink_to(2 * self.map.len());
        }
    }
}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hasher for Ready {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[allow(clippy::cast_possible_truncation, reason = "each half is meant")]
fn halves(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}

#[cfg(test)]
mod tests;
