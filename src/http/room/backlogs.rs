//! All bodies of one connection of HTTP/2, and what is to be passed on of them. h2 keeps each piece where it was read: a buffer
//! stays as long as one octet in it is wanted, so that a few small pieces between others' large ones hold many times what
//! they are. Here is counted what they hold, and while that is too much, nothing more is read.

use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;

use crate::http::h2_guard::frame::{Head, flag};
use crate::http::h2_guard::{Ear, Fault, News};
use crate::http::room::backlog::Backlog;
use crate::http::room::buffer::{BUFFER, Buffer, LARGE_BUFFER, Piece, SPACE};
use crate::http::room::desk::Desk;
use crate::http::room::kept::Kept;
use crate::http::room::late::{FEW, Gathering, Late, Turn};
use crate::http::room::{BODIES, Room};

/// Padded pieces that a client may send to readers that lag.
const PADDED: usize = 64;
/// Pieces passed on before those are heard that read them.
const BURST: usize = 32;

/// One of them, from the connection's side.
#[derive(Debug)]
struct Open {
    stream: u32,
    backlog: Arc<Backlog>,
    late: Late,
}

/// All bodies of one connection.
#[derive(Debug)]
pub struct Backlogs {
    room: Arc<Room>,
    desk: Arc<Desk>,
    /// By the numbers of their streams, which only rise.
    open: Vec<Open>,
    /// Octets gathered for those whose readers lag; an end counts as one.
    late: usize,
    buffer: Arc<Buffer>,
    kept: Kept,
    /// Where the next octet goes if it goes into the same buffer, and how many more would.
    next: (usize, usize),
    /// A request was passed on, and lies on the desk.
    opened: bool,
    /// Requests called when it was last asked whether to wait.
    calls: usize,
    /// Padded pieces of bodies whose readers lag.
    padded: usize,
    /// Pieces passed on since others were heard.
    burst: usize,
}

impl Backlogs {
    /// For a connection that begins.
    pub fn new(room: &Arc<Room>, desk: &Arc<Desk>) -> Self {
        Self {
            room: Arc::clone(room),
            desk: Arc::clone(desk),
            open: Vec::new(),
            late: 0,
            buffer: Buffer::new(room, BUFFER),
            kept: Kept::default(),
            next: (0, 0),
            opened: false,
            calls: 0,
            padded: 0,
            burst: 0,
        }
    }

    /// Whether nothing may be read for now; `waker` is woken when that may have changed. Those that read bodies come
    /// between now and then, and so does who calls a request: which one it is can only be told while it is the last.
    pub fn should_wait(&mut self, waker: &Waker) -> bool {
        let opened = std::mem::take(&mut self.opened);
        if opened || self.burst >= BURST || self.is_called_for() {
            (self.burst, self.calls) = (0, self.desk.calls());
            waker.wake_by_ref();
            return true;
        }
        // One that was not called: h2 has refused it, and throws away its body.
        drop(self.desk.reader());
        self.room.should_rest(waker)
    }

    /// Whether the last request that was passed on may still be called: hyper calls one, reads, and calls the next.
    fn is_called_for(&self) -> bool {
        !self.desk.is_empty() && self.desk.calls() != self.calls
    }

    /// `waker` is woken when a reader has taken all that it had, if more is there for it.
    pub fn listen(&self, waker: &Waker) {
        if self.late > 0 {
            self.room.set_waiter(waker);
        }
    }

    /// These bytes may be passed on from where they lie now; behind them is space for more.
    pub fn lie(&mut self, bytes: &[u8], space: usize) {
        let (at, whole) = (bytes.as_ptr().addr(), bytes.len() + space);
        let (next, left) = self.next;
        if left == 0 || at != next {
            let octets = if whole > SPACE { LARGE_BUFFER } else { BUFFER };
            self.buffer = Buffer::new(&self.room, octets);
        }
        self.next = (at, whole);
    }

    /// So many of them were.
    pub fn passed(&mut self, octets: usize) {
        let (at, left) = self.next;
        self.next = (at + octets, left.saturating_sub(octets));
    }

    fn open(&mut self, stream: u32) {
        self.open
            .retain(|open| !open.backlog.is_over() || !open.late.is_empty());
        let backlog = Arc::new(Backlog::new(&self.room));
        self.desk.lay(Arc::clone(&backlog));
        self.open.push(Open {
            stream,
            backlog,
            late: Late::default(),
        });
        self.opened = true;
    }

    fn add(&mut self, stream: u32, octets: usize) {
        self.burst += 1;
        if let Some(open) = self.open_of(stream) {
            open.backlog.add(Piece::new(octets, &self.buffer));
        }
    }

    fn open_of(&self, stream: u32) -> Option<&Open> {
        self.find(stream).and_then(|at| self.open.get(at))
    }

    fn find(&self, stream: u32) -> Option<usize> {
        self.open.binary_search_by_key(&stream, |open| open.stream).ok()
    }
}

impl Backlogs {
    /// What to do with what comes next, where it was not just passed on.
    pub fn turn(&mut self, next: &[u8]) -> Turn {
        let Some(head) = next.first_chunk() else {
            return Turn::Wait;
        };
        let head = Head::read(*head);
        if self.is_late(head) {
            return Turn::Gather(Gathering::new(head));
        }
        if self
            .open_of(head.stream)
            .is_some_and(|open| open.late.precedes(head))
        {
            return self.flush(head.stream).map_or(Turn::Pass, Turn::After);
        }
        Turn::Pass
    }

    /// Gathers of these bytes what belongs to the frame, and says how many that were.
    pub fn gather(&mut self, gathering: &mut Gathering, bytes: &[u8]) -> usize {
        let octets = gathering.take(bytes);
        let at = self.find(gathering.stream);
        if let Some(open) = at.and_then(|at| self.open.get_mut(at)) {
            let late = &mut open.late;
            let (weight, held) = (late.weight(), late.capacity());
            late.add(octets, gathering);
            open.backlog.set_late(!late.is_empty());
            self.late += late.weight() - weight;
            self.room.holds(late.capacity() - held);
        }
        octets.len()
    }

    /// What may be passed on now: what is gathered for a reader that has taken all that it had, or for nobody any more. All,
    /// if it is more than a client may send, so that h2 sees it.
    pub fn ready(&mut self) -> Option<Bytes> {
        if self.late == 0 {
            return None;
        }
        let most = self.late > BODIES as usize;
        let is_ready = |open: &&Open| !open.late.is_empty() && (most || open.backlog.length() == 0);
        let stream = self.open.iter().find(is_ready)?.stream;
        self.flush(stream)
    }

    /// Whether its client does what cannot be borne: it has more targets remembered although it was told to end, or pads the
    /// pieces of a body that nobody reads, which cannot be put together, since the padding counts as well (RFC 9113 §6.9.1).
    pub fn check(&self) -> Result<(), Fault> {
        if self.room.keeps_too_much() {
            return Err(Fault::flood("too much is to be remembered"));
        }
        if self.padded > PADDED {
            return Err(Fault::flood("small pieces of a body are padded"));
        }
        Ok(())
    }

    fn flush(&mut self, stream: u32) -> Option<Bytes> {
        let at = self.find(stream)?;
        let open = self.open.get_mut(at).filter(|open| !open.late.is_empty())?;
        self.late -= open.late.weight();
        self.room.holds_no_more(open.late.capacity());
        open.backlog.set_late(false);
        Some(open.late.frames(stream))
    }

    fn is_late(&self, head: Head) -> bool {
        !head.has(flag::PADDED) && self.lags(head)
    }

    fn is_padded(&self, head: Head) -> bool {
        head.has(flag::PADDED) && self.lags(head)
    }

    /// Whether it is a piece that its reader is not ready for.
    fn lags(&self, head: Head) -> bool {
        let (open, all) = (self.open_of(head.stream), self.room.pieces());
        open.is_some_and(|open| open.late.takes(head, open.backlog.length(), all))
    }

    fn keep(&mut self) {
        self.kept.add(&self.buffer);
        if self.room.should_part() {
            self.desk.part();
        }
    }
}

impl Ear for Backlogs {
    fn hear(&mut self, news: News) -> bool {
        match news {
            News::Head {
                stream,
                opens,
                remembered,
            } => {
                if remembered {
                    self.keep();
                }
                if opens {
                    self.open(stream);
                }
            }
            News::Body(stream, octets) => self.add(stream, octets as usize),
            News::Trailers(stream, octets) => {
                self.add(stream, 0);
                if let Some(open) = self.open_of(stream) {
                    open.backlog.end(Buffer::new(&self.room, octets as usize));
                }
            }
        }
        self.opened || self.burst >= BURST
    }

    fn stops_before(&mut self, next: &[u8]) -> bool {
        // Nobody lags where little lies unread.
        if self.late == 0 && self.room.pieces() < FEW {
            self.padded = 0;
            return false;
        }
        let Some(head) = next.first_chunk() else {
            return !next.is_empty();
        };
        let head = Head::read(*head);
        self.padded += usize::from(self.is_padded(head));
        let open = self.open_of(head.stream);
        self.is_late(head) || open.is_some_and(|open| open.late.precedes(head))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
