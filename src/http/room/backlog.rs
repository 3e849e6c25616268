//! What has come of one body and nobody has taken yet, and who takes it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::http::room::Room;
use crate::http::room::buffer::{Buffer, Piece};

/// One body: what has come of it and is not taken.
#[derive(Debug)]
pub(super) struct Backlog {
    room: Arc<Room>,
    pieces: Mutex<Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    unread: VecDeque<Piece>,
    /// Nobody will take any more: h2 throws away what comes.
    over: bool,
    /// What trailers hold beside the buffer they were read into.
    trailers: Option<Arc<Buffer>>,
    /// More is there, and is passed on when all of this is taken.
    late: bool,
}

impl Backlog {
    pub(super) fn new(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            pieces: Mutex::default(),
        }
    }

    pub(super) fn add(&self, piece: Piece) {
        let mut pieces = self.pieces();
        if !pieces.over {
            pieces.unread.push_back(piece);
        }
    }

    /// Trailers have come.
    pub(super) fn end(&self, trailers: Arc<Buffer>) {
        let mut pieces = self.pieces();
        if !pieces.over {
            pieces.trailers = Some(trailers);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.pieces().over
    }

    /// How many pieces lie unread.
    pub(super) fn length(&self) -> usize {
        self.pieces().unread.len()
    }

    /// Says whether more is there.
    pub(super) fn set_late(&self, late: bool) {
        self.pieces().late = late;
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        // A list is never half changed.
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who takes the pieces of one body. Dropped with the body, as h2 drops what is unread then.
#[derive(Debug)]
pub struct Reader(pub(super) Arc<Backlog>);

impl Reader {
    /// Takes these octets. What they lie in counts until they are dropped: a server that does not read may leave them here for
    /// long.
    pub fn take(&self, bytes: Bytes) -> Bytes {
        let first = self.0.pieces().unread.front().map(Piece::buffer);
        self.took(bytes.len());
        match first {
            Some(buffer) if !bytes.is_empty() => Bytes::from_owner(Taken {
                bytes,
                _buffer: buffer,
            }),
            _ => bytes,
        }
    }

    /// So many octets were taken.
    pub fn took(&self, mut octets: usize) {
        let mut pieces = self.0.pieces();
        while let Some(first) = pieces.unread.front_mut().filter(|_| octets > 0) {
            let taken = first.octets.min(octets);
            first.octets -= taken;
            octets -= taken;
            // Trailers have none, and are taken at the end.
            if taken == 0 || first.octets > 0 {
                break;
            }
            pieces.unread.pop_front();
        }
        if pieces.late && pieces.unread.is_empty() {
            self.0.room.wake();
        }
    }
}

/// Octets of one piece: h2 hands on what came in one frame.
struct Taken {
    bytes: Bytes,
    _buffer: Arc<Buffer>,
}

impl AsRef<[u8]> for Taken {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut pieces = self.0.pieces();
        pieces.over = true;
        let _read = (std::mem::take(&mut pieces.unread), pieces.trailers.take());
        if pieces.late {
            self.0.room.wake();
        }
    }
}
