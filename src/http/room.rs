//! Shares of what one connection with many requests may have us hold. No connection has one any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;

mod ahead;

/// For requests, in bytes.
const REQUESTS: usize = 468 << 10;
/// For answers on their way.
pub const ANSWERS: usize = 64 << 10;
/// What a frame of an answer takes at most, where its client has not asked for more (RFC 9113 §6.5.2).
const FRAME: usize = 16 << 10;
/// With less than that left, answers wait for each other.
const SCARCE: usize = 2 * FRAME;

/// The room of one connection.
#[derive(Debug, Default)]
pub struct Room {
    requests: AtomicUsize,
    answers: AtomicUsize,
    windows: AtomicUsize,
}

/// A part of it, held by what lies in it.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    octets: u32,
    whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Request,
    Answer,
    Window,
}

impl Room {
    /// As much of an answer as there is room for, and half of what is left at most.
    pub fn part(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let octets = match wanted.min(self.left() / 2) {
            much @ FRAME.. => much - much % FRAME,
            little => little,
        };
        (octets > 0).then(|| self.share(octets, Whose::Answer))
    }

    /// Whether an answer should wait for room.
    pub fn should_wait(&self, turn: &mut usize) -> bool {
        self.left() < SCARCE && std::mem::replace(turn, 1) != 1
    }

    fn left(&self) -> usize {
        ANSWERS.saturating_sub(self.answers.load(Relaxed))
    }

    fn share(self: &Arc<Self>, octets: usize, whose: Whose) -> Share {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        self.of(whose).fetch_add(octets as usize, Relaxed);
        Share {
            room: Arc::clone(self),
            octets,
            whose,
        }
    }

    fn of(&self, whose: Whose) -> &AtomicUsize {
        match whose {
            Whose::Request => &self.requests,
            Whose::Answer => &self.answers,
            Whose::Window => &self.windows,
        }
    }
}

impl Share {
    /// How large it is.
    pub fn octets(&self) -> usize {
        self.octets as usize
    }

    /// Gives back what is more than that.
    pub fn shrink(&mut self, octets: usize) {
        if octets < self.octets() {
            self.resize(octets);
        }
    }

    fn resize(&mut self, octets: usize) {
        let (held, account) = (self.octets(), self.room.of(self.whose));
        if octets > held {
            account.fetch_add(octets - held, Relaxed);
        } else {
            account.fetch_sub(held - octets, Relaxed);
        }
        self.octets = u32::try_from(octets).unwrap_or(u32::MAX);
    }

    /// The bytes, which keep the share until the last of them is dropped.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let share = Arc::clone(self);
        Bytes::from_owner(Held { bytes, _share: share })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.of(self.whose).fetch_sub(self.octets(), Relaxed);
    }
}

struct Held {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
