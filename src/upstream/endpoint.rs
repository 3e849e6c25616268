//! One address of a server: whether it is alive, and a lane of kept connections for every worker.
//! It decides nothing: who goes where is the upstream's business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::time::Instant;

use tokio::sync::Notify;

use crate::upstream::pool::Lane;

/// One socket address.
pub struct Endpoint {
    mark: Arc<Mark>,
    lanes: Box<[Arc<Lane>]>,
}

/// What is known of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nobody has asked yet.
    Unknown,
    /// It accepted the last connection.
    Up,
    /// It refused the last connection, or let it wait too long.
    Down,
}

/// What all lanes of an endpoint share; read by every request, written only when something changes.
pub(super) struct Mark {
    address: SocketAddr,
    health: AtomicU8,
    gone: AtomicBool,
    lost: Arc<Notify>,
}

impl Endpoint {
    /// An address nobody has asked yet. `lost` is told when a connection to it fails.
    pub(super) fn new(address: SocketAddr, workers: usize, lost: Arc<Notify>) -> Self {
        let health = AtomicU8::new(Health::Unknown as u8);
        let mark = Arc::new(Mark { address, health, gone: AtomicBool::new(false), lost });
        let lanes =
            (0..workers.max(1)).map(|_| Arc::new(Lane::new(Arc::clone(&mark)))).collect();
        Self { mark, lanes }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.mark.address
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

    /// Closes what has been idle for too long or was hung up on by the other side.
    pub(super) fn sweep(&self, now: Instant) {
        for lane in &self.lanes {
            lane.sweep(now);
        }
    }

    /// The name no longer leads here: nothing is kept any more, requests under way go on.
    pub(super) fn retire(&self) {
        self.mark.gone.store(true, Relaxed);
        for lane in &self.lanes {
            lane.clear();
        }
    }
}

impl Mark {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    pub(super) fn health(&self) -> Health {
        match self.health.load(Relaxed) {
            up if up == Health::Up as u8 => Health::Up,
            down if down == Health::Down as u8 => Health::Down,
            _ => Health::Unknown,
        }
    }

    /// It accepted a connection.
    pub(super) fn is_up(&self) {
        if self.turns(Health::Up) {
            tracing::info!(address = %self.address, "server is up");
        }
    }

    /// It did not accept a connection.
    pub(super) fn is_down(&self, why: &dyn std::fmt::Display) {
        if self.turns(Health::Down) {
            tracing::warn!(address = %self.address, error = %why, "server is down");
        }
    }

    /// A request found it down. The name is looked up again at once: the server may have moved.
    pub(super) fn failed(&self, why: &dyn std::fmt::Display) {
        self.is_down(why);
        self.lost.notify_one();
    }

    /// Whether that is news.
    fn turns(&self, health: Health) -> bool {
        // Looked at before it is written: a write would take the line from every worker that reads it.
        self.health.load(Relaxed) != health as u8
            && self.health.swap(health as u8, Relaxed) != health as u8
    }
}
