//! What is known of one address: whether it is alive, and whether its name still leads to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use http::Version;
use tokio::sync::Notify;

use crate::upstream::fault::is_ours;
use crate::upstream::transport::Transport;

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

/// What all addresses of a server share.
#[derive(Default)]
pub(super) struct Ties {
    /// A connection failed: the name may lead elsewhere by now.
    pub(super) lost: Notify,
    /// Its health is asked, beyond accepting a connection.
    checked: AtomicBool,
}

impl Ties {
    /// Whether the health is asked from now on.
    pub(super) fn set_checked(&self, checked: bool) {
        self.checked.store(checked, Relaxed);
    }
}

/// What all lanes of an endpoint share; read by every request, written only when something changes.
pub(super) struct Mark {
    address: SocketAddr,
    transport: Arc<Transport>,
    health: AtomicU8,
    gone: AtomicBool,
    /// Its last answer was in HTTP/1.0.
    old: AtomicBool,
    ties: Arc<Ties>,
}

impl Mark {
    /// Of an address nobody has asked yet.
    pub(super) fn new(address: SocketAddr, transport: Arc<Transport>, ties: Arc<Ties>) -> Self {
        let health = AtomicU8::new(Health::Unknown as u8);
        let gone = AtomicBool::new(false);
        Self {
            address,
            transport,
            health,
            gone,
            old: AtomicBool::new(false),
            ties,
        }
    }

    /// The name no longer leads here.
    pub(super) fn retire(&self) {
        self.gone.store(true, Relaxed);
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is reached.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Whether it is an address of this server, now or before its name led elsewhere.
    pub(super) fn is_of(&self, server: &Arc<Ties>) -> bool {
        Arc::ptr_eq(&self.ties, server)
    }

    /// Whether its last answer was in HTTP/1.0, which has no chunks.
    pub(super) fn is_old(&self) -> bool {
        self.old.load(Relaxed)
    }

    /// It answered in this version.
    pub(super) fn answered(&self, version: Version) {
        let old = version == Version::HTTP_10;
        // As in `turns`: read by all, and hardly ever written.
        if self.is_old() != old && self.old.swap(old, Relaxed) != old {
            tracing::info!(address = %self.address, version = ?version, "the server answers in another version of HTTP");
        }
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

    /// It accepted a connection from a request. Where its health is asked, that alone does not make it well again.
    pub(super) fn is_up(&self) {
        if !self.ties.checked.load(Relaxed) || self.health() != Health::Down {
            self.is_well();
        }
    }

    /// It passed a probe.
    pub(super) fn is_well(&self) {
        if self.turns(Health::Up) {
            tracing::info!(address = %self.address, "server is up");
        }
    }

    /// It did not accept a connection.
    pub(super) fn is_down(&self, why: &io::Error) {
        // Want of files or ports is ours, and says nothing of the server.
        if !is_ours(why) && self.turns(Health::Down) {
            tracing::warn!(address = %self.address, error = %why, "server is down");
        }
    }

    /// A request found it down. The name is looked up again at once: the server may have moved.
    pub(super) fn failed(&self, why: &io::Error) {
        self.is_down(why);
        self.ties.lost.notify_one();
    }

    /// Whether that is news.
    fn turns(&self, health: Health) -> bool {
        // Looked at before it is written: a write would take the line from every worker that reads it.
        self.health.load(Relaxed) != health as u8 && self.health.swap(health as u8, Relaxed) != health as u8
    }
}
