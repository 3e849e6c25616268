//! What servers of HTTP/2 may send ahead of the answers that a client connection has not taken, and what is kept of the bodies that it sends
//! them: as much as its requests leave.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::http::room::{REQUESTS, Room, Share, Whose};

/// What servers of HTTP/2 may send of answers before it is taken, where requests leave it, beside a little for each.
pub(super) const WINDOWS: usize = 64 << 10;
/// What is kept of bodies, to be sent again, leaves a quarter of it to new requests.
const KEPT_BODIES: usize = REQUESTS / 4 * 3;
/// What one has of it before others have any.
const GOOD: usize = 16 << 10;
/// The least of it that one grows to.
const WORTH: usize = 4 << 10;

impl Room {
    /// What servers may send ahead of all answers.
    fn for_windows(&self) -> usize {
        let held = self.requests.load(Relaxed);
        WINDOWS.min(REQUESTS.saturating_sub(held))
    }

    /// A share of what servers of HTTP/2 may send ahead: all that is wanted, or an empty one. Half is left for answers that are
    /// known to be long: many wait for long with nothing to come.
    pub fn window(self: &Arc<Self>, wanted: usize) -> Share {
        let fits = self.windows.load(Relaxed) + wanted <= self.for_windows() / 2;
        self.share(if fits { wanted } else { 0 }, Whose::Window)
    }

    /// An empty share of what is kept of bodies until an answer begins.
    pub fn copies(self: &Arc<Self>) -> Share {
        self.share(0, Whose::Request)
    }
}

impl Share {
    /// Adds to a share of what is kept of bodies, if there is room for it.
    pub fn extend(&mut self, octets: usize) -> bool {
        let room = &self.room;
        let held = room.requests.load(Relaxed) + room.windows.load(Relaxed);
        let fits = held + octets <= KEPT_BODIES;
        if fits {
            self.resize(self.octets() + octets);
        }
        fits
    }

    /// Brings a share of what may be sent ahead, which can be no smaller than `least`, halfway to what is left: those that go on
    /// come to have the same. Where that is little, a few have a good share, and the others give up theirs: each
    /// frame costs much.
    pub fn balance(&mut self, least: usize, most: usize) {
        let others = self.room.windows.load(Relaxed) - self.octets();
        let left = self.room.for_windows().saturating_sub(others);
        let fair = match left {
            0..WORTH => 0,
            left => (left / 2).max(GOOD.min(left)),
        };
        self.resize(fair.clamp(least, most.max(least)));
    }
}
