//! How much bodies hold, of each connection and of the process, and what follows near the ceiling (`[gateway] max_memory`).
//! Bodies count the pieces that they hand over until those are written or dropped; nobody guesses at what else is held.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Context;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, watch};

pub use stage::{Look, Stage, Watchman};

mod stage;

/// A connection that holds less is left alone near the ceiling, in bytes.
pub const LITTLE: usize = 64 << 10;
/// Pieces that are smaller are not counted: to count one costs more than it says.
const SMALL: usize = 4 << 10;

/// What the process holds.
#[derive(Debug)]
pub struct Memory {
    /// Bytes that the process may hold.
    ceiling: AtomicU64,
    workers: Box<[Worker]>,
    stage: AtomicU8,
    changes: watch::Sender<Stage>,
    /// Names accounts.
    next: AtomicU64,
}

/// What the connections of one worker hold: on cache lines of its own, since only that worker writes it as a rule.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Worker {
    held: AtomicUsize,
    /// Locked when a connection comes and when it goes, and by who looks for the largest.
    accounts: Mutex<HashMap<u64, Weak<Account>, ahash::RandomState>>,
}

/// What one connection holds.
#[derive(Debug)]
pub struct Account {
    memory: Arc<Memory>,
    worker: usize,
    name: u64,
    held: AtomicUsize,
    /// Who waits to read on.
    reader: AtomicWaker,
    reset: AtomicBool,
    told: Notify,
}

/// A piece of a body, counted until it is dropped.
struct Piece {
    bytes: Bytes,
    account: Arc<Account>,
}

impl Memory {
    /// Nothing is held yet; no ceiling.
    pub fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            ceiling: AtomicU64::new(u64::MAX),
            workers: std::iter::repeat_with(Worker::default)
                .take(workers.max(1))
                .collect(),
            stage: AtomicU8::new(Stage::Free as u8),
            changes: watch::Sender::new(Stage::Free),
            next: AtomicU64::new(0),
        })
    }

    /// Bytes that the process may hold.
    pub fn ceiling(&self) -> u64 {
        self.ceiling.load(Relaxed)
    }

    /// From now on it may hold so many bytes.
    pub fn set_ceiling(&self, bytes: u64) {
        self.ceiling.store(bytes, Relaxed);
    }

    /// How near the ceiling is.
    pub fn stage(&self) -> Stage {
        Stage::of(self.stage.load(Relaxed))
    }

    /// The ceiling is so near now: those who wait for that are told.
    pub fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
        self.changes.send_replace(stage);
        if stage == Stage::Free {
            self.each(|account| account.reader.wake());
        }
    }

    /// Hears of each change.
    pub fn changes(&self) -> watch::Receiver<Stage> {
        self.changes.subscribe()
    }

    /// Bytes that bodies hold.
    pub fn held(&self) -> usize {
        self.workers.iter().map(|worker| worker.held.load(Relaxed)).sum()
    }

    /// Ends the connection that holds the most, if that is more than a little. Says how much it holds.
    pub fn reset_largest(&self) -> Option<usize> {
        let mut largest: Option<(usize, Arc<Account>)> = None;
        self.each(|account| {
            let held = account.held.load(Relaxed);
            let most = largest.as_ref().map_or(LITTLE, |(most, _)| *most);
            if held > most && !account.reset.load(Relaxed) {
                largest = Some((held, Arc::clone(account)));
            }
        });
        let (held, account) = largest?;
        account.reset.store(true, Relaxed);
        account.told.notify_one();
        Some(held)
    }

    /// For a connection of this worker.
    pub fn open(self: &Arc<Self>, worker: usize) -> Arc<Account> {
        let name = self.next.fetch_add(1, Relaxed);
        let account = Arc::new(Account {
            memory: Arc::clone(self),
            worker,
            name,
            held: AtomicUsize::new(0),
            reader: AtomicWaker::new(),
            reset: AtomicBool::new(false),
            told: Notify::new(),
        });
        if let Some(mut accounts) = self.accounts(worker) {
            accounts.insert(name, Arc::downgrade(&account));
        }
        account
    }

    fn each(&self, mut told: impl FnMut(&Arc<Account>)) {
        for worker in 0..self.workers.len() {
            let accounts = self.accounts(worker);
            // The last hold may be dropped here, which needs the lock.
            let living: Vec<_> = accounts
                .iter()
                .flat_map(|all| all.values().filter_map(Weak::upgrade))
                .collect();
            drop(accounts);
            living.iter().for_each(&mut told);
        }
    }

    fn accounts(
        &self,
        worker: usize,
    ) -> Option<MutexGuard<'_, HashMap<u64, Weak<Account>, ahash::RandomState>>> {
        let worker = self.workers.get(worker)?;
        // An entry is there or not.
        Some(worker.accounts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Account {
    /// The same piece, counted until nobody has it any more.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        if bytes.len() < SMALL {
            return bytes;
        }
        self.take(bytes.len());
        Bytes::from_owner(Piece {
            bytes,
            account: Arc::clone(self),
        })
    }

    /// Whether its connection may be read; the task is woken when it may again.
    pub fn may_read(&self, cx: &Context<'_>) -> bool {
        if self.memory.stage() == Stage::Free || self.held.load(Relaxed) <= LITTLE {
            return true;
        }
        self.reader.register(cx.waker());
        // It may have changed before that was known.
        self.memory.stage() == Stage::Free || self.held.load(Relaxed) <= LITTLE
    }

    /// Until the connection is to be ended for what it holds.
    pub async fn is_reset(&self) {
        self.told.notified().await;
    }

    /// How near the ceiling is, and each change of that.
    pub fn changes(&self) -> watch::Receiver<Stage> {
        self.memory.changes()
    }

    fn take(&self, bytes: usize) {
        self.held.fetch_add(bytes, Relaxed);
        if let Some(worker) = self.memory.workers.get(self.worker) {
            worker.held.fetch_add(bytes, Relaxed);
        }
    }

    fn give_back(&self, bytes: usize) {
        let before = self.held.fetch_sub(bytes, Relaxed);
        if let Some(worker) = self.memory.workers.get(self.worker) {
            worker.held.fetch_sub(bytes, Relaxed);
        }
        if before > LITTLE && before - bytes <= LITTLE && self.memory.stage() != Stage::Free {
            self.reader.wake();
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(mut accounts) = self.memory.accounts(self.worker) {
            accounts.remove(&self.name);
        }
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.account.give_back(self.bytes.len());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn pieces_count_until_the_last_part_of_them_is_dropped() {
        let memory = Memory::new(2);
        let account = memory.open(1);
        let mut piece = account.hold(Bytes::from(vec![b'x'; 10_000]));
        assert_eq!((memory.held(), &piece[..2]), (10_000, &b"xx"[..]));
        let front = piece.split_to(1);
        drop(piece);
        assert_eq!(memory.held(), 10_000);
        drop(front);
        assert_eq!(memory.held(), 0);
        let _small = account.hold(Bytes::from_static(b"small"));
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn near_the_ceiling_only_those_that_hold_much_are_not_read() {
        let memory = Memory::new(1);
        let (large, small) = (memory.open(0), memory.open(0));
        let piece = large.hold(Bytes::from(vec![0; LITTLE + 1]));
        let cx = Context::from_waker(Waker::noop());
        assert!(large.may_read(&cx));
        memory.enter(Stage::Near);
        assert!(!large.may_read(&cx) && small.may_read(&cx));
        drop(piece);
        assert!(large.may_read(&cx));
    }

    #[tokio::test]
    async fn the_largest_is_reset_once_and_then_the_next() {
        let memory = Memory::new(2);
        let accounts = [memory.open(0), memory.open(1), memory.open(1)];
        let _pieces: Vec<_> = [70, 90, 10]
            .iter()
            .zip(&accounts)
            .map(|(kib, account)| account.hold(Bytes::from(vec![0; kib << 10])))
            .collect();
        assert_eq!(memory.reset_largest(), Some(90 << 10));
        accounts[1].is_reset().await;
        assert_eq!(memory.reset_largest(), Some(70 << 10));
        accounts[0].is_reset().await;
        assert_eq!(memory.reset_largest(), None);
    }
}
