//! What one connection with many requests may have us hold, so that it stays below a mebibyte: requests under way with
//! their heads, bodies that nobody has read yet, and pieces of answers that the client does not take. Without it a
//! hundred streams would fill a hundred buffers.

use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use bytes::Bytes;
use http::{HeaderMap, Request};

mod ahead;
mod apart;
pub mod backlog;
pub mod backlogs;
mod buffer;
pub mod desk;
mod kept;
pub mod late;
mod unread;

/// For requests, in bytes: a hundred with small heads and bodies, or some sixty-five of a browser.
const REQUESTS: usize = 468 << 10;
/// For answers on their way. The rest of the mebibyte is for the connection itself, half a head, and some 100 KiB of places
/// in its tables, which stay once there were a hundred streams: one that is refused takes a place as well.
pub const ANSWERS: usize = 64 << 10;
/// What all requests of a connection together may send of their bodies before somebody reads it. No less: a window that
/// is half as large again as the first of every connection (RFC 9113 §6.9.2) is the least that h2 announces.
pub const BODIES: u32 = 96 << 10;
/// What a request holds beside its place, on both sides, until its answer is taken: its task, a connection to the server, a
/// small head, and a little of its answer, which it may always have.
const REQUEST: usize = 3808;
/// What it holds beyond that where servers are asked by HTTP/2, in bytes: its stream there, and what is read of an answer before
/// it is taken.
pub const MULTIPLEXED: usize = 320;
/// The head that is part of that.
const HEAD: usize = 1760;
/// A hundred small requests, all with bodies, find room: as many as there are streams.
const _: () = assert!(100 * REQUEST + BODIES as usize <= REQUESTS);
/// And a hundred without, whatever servers of HTTP/2 may send of the answers to the first of them.
const _: () = assert!(100 * (REQUEST + MULTIPLEXED) + ahead::WINDOWS <= REQUESTS);
/// Pieces of bodies that may lie unread, in however few octets: h2 keeps a place for each. A body and its trailers for each
/// stream.
const PIECES: usize = 200;
/// What targets that are remembered may take beside requests: eight buffers.
const KEPT: usize = 72 << 10;
/// A head of which an allocator's rounding is no longer among that.
const LARGE: usize = 6 << 10;
/// What a frame of an answer takes at most, where its client has not asked for more (RFC 9113 §6.5.2).
const FRAME: usize = 16 << 10;
/// With less than that left, answers wait for each other.
const SCARCE: usize = 2 * FRAME;
/// With less than that left, less is gathered before it goes on.
const LOW: usize = 3 * FRAME;
/// A place for a field in a map, with that in its index.
const PLACE: usize = 112;
/// What holds a name and a value beside their octets.
const FIELD: usize = 144;

/// The room of one connection. Used by its worker alone, but given back by whoever comes to drop what lies in it.
#[derive(Debug, Default)]
pub struct Room {
    /// What a request holds beyond the usual.
    beyond: usize,
    requests: AtomicUsize,
    /// How many of them have bodies.
    senders: AtomicUsize,
    /// What buffers hold that bodies lie in which nobody has read.
    unread: AtomicUsize,
    /// What buffers hold that have a target in them that is remembered.
    kept: AtomicUsize,
    /// Unread, in so many pieces.
    pieces: AtomicUsize,
    /// Who reads the socket waits until less lies unread.
    waiting: AtomicBool,
    waiter: Mutex<Option<Waker>>,
    answers: AtomicUsize,
    windows: AtomicUsize,
    /// How often what there was of answers has been offered to the socket.
    looks: AtomicUsize,
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
    /// One with a body.
    Sender,
    Answer,
    Window,
}

impl Room {
    /// Of a connection whose requests hold so much beyond the usual, in bytes.
    pub fn new(beyond: usize) -> Self {
        Self {
            beyond,
            ..Self::default()
        }
    }

    /// For a request, which sends a body or does not; none if there is no room for it.
    pub fn admit<B>(self: &Arc<Self>, request: &mut Request<B>, sends: bool) -> Option<Share> {
        let target = request.uri().path_and_query();
        let head = weight(request.headers()) + target.map_or(0, |target| target.as_str().len());
        let octets = REQUEST + self.beyond + head.saturating_sub(HEAD) + head.saturating_sub(LARGE) / 4;
        let bodies = self.bodies(sends) + self.overkept();
        let whose = if sends { Whose::Sender } else { Whose::Request };
        let held = self.requests.load(Relaxed);
        if held + octets + bodies + self.windows.load(Relaxed) > REQUESTS {
            return None;
        }
        // Of two requests one may lie there long after all that was read with it has gone.
        if held > 0 {
            apart::take_apart(request);
        }
        Some(self.share(octets, whose))
    }

    /// What bodies may take, whether they do or not, where there are any or one `comes`.
    fn bodies(&self, comes: bool) -> usize {
        if comes || self.senders.load(Relaxed) > 0 {
            self.unread.load(Relaxed).max(BODIES as usize)
        } else {
            0
        }
    }

    /// As much of an answer as there is room for, and half of what is left at most, so that one that is not taken leaves
    /// some to the others; nothing if there is none. Where that is several frames it is whole ones, which cost a call each.
    pub fn part(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let octets = match wanted.min(self.left() / 2) {
            much @ FRAME.. => much - much % FRAME,
            little => little,
        };
        (octets > 0).then(|| self.share(octets, Whose::Answer))
    }

    /// Whether an answer should wait for room, which others may make. Where they make none it goes on by little.
    pub fn should_wait(&self, turn: &mut usize) -> bool {
        self.is_scarce() && self.stands_back(turn)
    }

    /// Whether an answer lets the others go first: it does once between two looks at the socket. `turn` is where it keeps
    /// at which that was.
    pub fn stands_back(&self, turn: &mut usize) -> bool {
        let looks = self.looks.load(Relaxed) + 1;
        std::mem::replace(turn, looks) != looks
    }

    /// The socket was offered what there was of answers.
    pub fn looked(&self) {
        self.looks.fetch_add(1, Relaxed);
    }

    /// Whether there is little left for answers.
    pub fn is_scarce(&self) -> bool {
        self.left() < SCARCE
    }

    /// For what is kept long and could be done without: a quarter of what is left, and nothing where that is little.
    pub fn spare(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let left = if self.is_scarce() { 0 } else { self.left() };
        let octets = wanted.min(left / 4);
        (octets > 0).then(|| self.share(octets, Whose::Answer))
    }

    /// Whether less than usual is left.
    pub fn is_low(&self) -> bool {
        self.left() < LOW
    }

    /// What is left for answers, in bytes.
    pub fn left(&self) -> usize {
        ANSWERS.saturating_sub(self.answers.load(Relaxed))
    }

    fn share(self: &Arc<Self>, octets: usize, whose: Whose) -> Share {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        self.of(whose).fetch_add(octets as usize, Relaxed);
        if whose == Whose::Sender {
            self.senders.fetch_add(1, Relaxed);
        }
        Share {
            room: Arc::clone(self),
            octets,
            whose,
        }
    }

    fn of(&self, whose: Whose) -> &AtomicUsize {
        match whose {
            Whose::Request | Whose::Sender => &self.requests,
            Whose::Answer => &self.answers,
            Whose::Window => &self.windows,
        }
    }
}

/// What a head holds of memory. Names and values may lie in a table of the connection, or be its own.
fn weight(fields: &HeaderMap) -> usize {
    let octets: usize = fields
        .iter()
        .map(|(name, value)| FIELD + name.as_str().len() + value.len())
        .sum();
    octets + fields.capacity() * PLACE
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
            account.fetch_add(octets - held, SeqCst);
        } else {
            account.fetch_sub(held - octets, SeqCst);
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
        self.room.of(self.whose).fetch_sub(self.octets(), SeqCst);
        if self.whose == Whose::Sender {
            self.room.senders.fetch_sub(1, Relaxed);
        }
        self.room.freed();
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
