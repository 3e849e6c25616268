//! One address of a server: whether it is alive, and a lane of kept connections for every worker.
//! It decides nothing: who goes where is the upstream's business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::upstream::mark::{Mark, Ties};
use crate::upstream::pool::Lane;
use crate::upstream::transport::Transport;

pub use crate::upstream::mark::Health;

/// One socket address.
pub struct Endpoint {
    mark: Arc<Mark>,
    lanes: Box<[Arc<Lane>]>,
}

impl Endpoint {
    /// An address nobody has asked yet.
    pub(super) fn new(
        address: SocketAddr,
        transport: Arc<Transport>,
        workers: usize,
        ties: Arc<Ties>,
    ) -> Self {
        let mark = Arc::new(Mark::new(address, transport, ties));
        let lanes = (0..workers.max(1))
            .map(|_| Arc::new(Lane::new(Arc::clone(&mark))))
            .collect();
        Self { mark, lanes }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.mark.address()
    }

    /// What is known of it.
    pub fn health(&self) -> Health {
        self.mark.health()
    }

    /// Requests that are on their way to it or being answered by it.
    pub fn in_flight(&self) -> usize {
        // Whoever talks to the endpoint holds its lane, so the count of owners is kept for free.
        self.lanes.iter().map(|lane| Arc::strong_count(lane) - 1).sum()
    }

    /// Connections kept for the next request.
    pub fn idle(&self) -> usize {
        self.lanes.iter().map(|lane| lane.len()).sum()
    }

    pub(super) fn lane(&self, worker: usize) -> Option<&Arc<Lane>> {
        self.lanes.get(worker).or_else(|| self.lanes.first())
    }

    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether this is what is known of it.
    pub(super) fn has(&self, mark: &Arc<Mark>) -> bool {
        Arc::ptr_eq(&self.mark, mark)
    }

    /// Closes what has been idle for too long or was hung up on by the other side.
    pub(super) fn sweep(&self, now: Instant) {
        for lane in &self.lanes {
            lane.sweep(now);
        }
    }

    /// The name no longer leads here: nothing is kept any more, requests under way go on.
    pub(super) fn retire(&self) {
        self.mark.retire();
        for lane in &self.lanes {
            lane.clear();
        }
    }
}
