//! Connections kept for the next request: one lane for each worker and address. The last one given back
//! is the first one taken, so a quiet hour lets the rest grow old and close.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::upstream::http1::Conn;
use crate::upstream::http2::Multiplex;
use crate::upstream::mark::Mark;

/// The most connections kept in one lane; what is beyond closes after its answer.
const MOST: usize = 256;

/// The kept connections of one worker to one address. Its lock is only ever contended by the sweep every
/// few seconds; on its own cache lines, so that no other core's lane shares them.
#[repr(align(128))]
pub(super) struct Lane {
    mark: Arc<Mark>,
    idle: Mutex<Vec<Idle>>,
    /// In HTTP/2 instead of `idle`: connections are shared, so none is ever taken out.
    multiplex: Arc<Multiplex>,
}

/// A connection between two requests.
pub(super) struct Idle {
    pub(super) conn: Box<Conn>,
    /// When the last answer ended.
    pub(super) since: Instant,
    /// When it is too old, by the server's word or ours.
    pub(super) until: Instant,
}

impl Lane {
    pub(super) fn new(mark: Arc<Mark>) -> Self {
        Self {
            mark,
            idle: Mutex::default(),
            multiplex: Arc::default(),
        }
    }

    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// The mark, for who outlives the lane.
    pub(super) fn shared_mark(&self) -> Arc<Mark> {
        Arc::clone(&self.mark)
    }

    pub(super) fn multiplex(&self) -> &Arc<Multiplex> {
        &self.multiplex
    }

    /// A connection that may carry another request. Those found unfit on the way are closed.
    pub(super) fn take(&self, now: Instant, pool_idle: Duration) -> Option<Box<Conn>> {
        let mut idle = self.idle();
        while let Some(mut next) = idle.pop() {
            if next.is_young(now, pool_idle) && next.conn.is_quiet() {
                return Some(next.conn);
            }
        }
        None
    }

    /// Keeps a connection, if there is room and the address is still wanted.
    pub(super) fn put(&self, kept: Idle) {
        let mut idle = self.idle();
        if idle.len() < MOST && !self.mark.is_gone() {
            idle.push(kept);
        }
    }

    pub(super) fn sweep(&self, now: Instant) {
        self.idle()
            .retain_mut(|kept| now < kept.until && kept.conn.is_quiet());
        self.multiplex.sweep(now);
    }

    pub(super) fn clear(&self) {
        self.idle().clear();
        self.multiplex.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.idle().len() + self.multiplex.idle()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// `pool_idle` is asked again: a reload may have made it shorter since.
    pub(super) fn is_young(&self, now: Instant, pool_idle: Duration) -> bool {
        now < self.until && now.saturating_duration_since(self.since) < pool_idle
    }
}
