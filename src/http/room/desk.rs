//! Where the two ends of a connection meet: who reads its socket, and who calls its requests.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::http::room::backlog::{Backlog, Reader};

/// One for each connection of HTTP/2.
#[derive(Debug, Default)]
pub struct Desk {
    /// The backlog of a body between the moment its request is passed on and the one it is called.
    backlog: Mutex<Option<Arc<Backlog>>>,
    /// Requests called so far.
    calls: AtomicUsize,
    parting: Notify,
}

impl Desk {
    /// A request is called.
    pub fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Relaxed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slot().is_none()
    }

    /// Who is to take the body of the request that is being called.
    pub fn reader(&self) -> Option<Reader> {
        self.slot().take().map(Reader)
    }

    pub(super) fn lay(&self, backlog: Arc<Backlog>) {
        *self.slot() = Some(backlog);
    }

    /// The connection should end when what is under way on it has ended.
    pub(super) fn part(&self) {
        self.parting.notify_one();
    }

    /// Until it should.
    pub async fn parting(&self) {
        self.parting.notified().await;
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Backlog>>> {
        // Something lies there or not.
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
