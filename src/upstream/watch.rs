//! How far the request body has come, for those who wait at the other end: the deadline of the answer
//! begins when it is all sent, and a connection that did not get all of it is not used again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::http::exchange::Permit;
use crate::http::flow::End;
use crate::http::inflow::Inflow;
use crate::http::remainder::Remainder;
use crate::http::watch::Watch;
use crate::upstream::now;

/// The state of one request body on its way from the client.
#[derive(Debug, Default)]
pub struct Upload {
    bytes: AtomicU64,
    waiting: AtomicBool,
    ended: OnceLock<(End, Instant)>,
    /// It lies in a file, and is sent from there.
    kept: AtomicBool,
    /// When that was done.
    sent: OnceLock<Instant>,
    /// What the server did not take of it, and what the request held of its client's limits.
    pub remainder: Remainder<Option<Permit>>,
}

/// What a body tells that is sent from a file.
struct Sending(Arc<Upload>);

/// The end of it that rides in the body.
struct Uploading(Arc<Upload>);

impl Upload {
    /// A body that is about to be sent.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// What the body has to tell of its progress; for one body only.
    pub fn watch(self: &Arc<Self>) -> Box<dyn Watch> {
        Box::new(Uploading(Arc::clone(self)))
    }

    /// The body is all here, in a file: what it has to tell when it is sent from there.
    pub fn watch_file(self: &Arc<Self>) -> Box<dyn Watch> {
        self.kept.store(true, Relaxed);
        Box::new(Sending(Arc::clone(self)))
    }

    /// Bytes of data that came from the client so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<End> {
        self.ended.get().map(|(end, _)| *end)
    }

    /// When its last byte went on its way to the server, if it did.
    pub fn sent_at(&self) -> Option<Instant> {
        if self.kept.load(Relaxed) {
            return self.sent.get().copied();
        }
        self.ended.get().map(|(_, at)| *at)
    }

    /// Whether the client is waited for, rather than the upstream.
    pub fn awaits_client(&self) -> bool {
        self.waiting.load(Relaxed) && self.end().is_none()
    }

    /// Whether its last byte was taken.
    pub fn is_complete(&self) -> bool {
        self.end() == Some(End::Complete)
    }
}

impl Watch for Uploading {
    fn passed(&mut self, bytes: u64) {
        // There is one body, and so one who writes.
        self.0
            .bytes
            .store(self.0.bytes.load(Relaxed).saturating_add(bytes), Relaxed);
        self.0.waiting.store(false, Relaxed);
    }

    fn waits(&mut self) {
        self.0.waiting.store(true, Relaxed);
    }

    fn leaves(&mut self, rest: &mut Inflow) {
        if let Some(rest) = rest.take_unread() {
            self.0.remainder.leave(rest);
        }
    }

    fn ended(self: Box<Self>, end: End) {
        // A body ends once; were it told twice, the first time counts.
        let _ = self.0.ended.set((end, now()));
    }
}

impl Watch for Sending {
    fn passed(&mut self, _: u64) {}

    fn ended(self: Box<Self>, _: End) {
        let _ = self.0.sent.set(now());
    }
}
