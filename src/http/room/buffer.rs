//! What h2 reads into, and keeps as long as anything in it is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::http::room::Room;

/// What h2 reads into, in bytes.
pub(super) const SPACE: usize = 8 << 10;
/// What that holds, with the places of what lies in it.
pub(super) const BUFFER: usize = 9 << 10;
/// And what it takes for a frame that does not fit.
pub(super) const LARGE_BUFFER: usize = 21 << 10;

/// A buffer that pieces lie in, or a target that is remembered.
#[derive(Debug)]
pub(super) struct Buffer {
    room: Arc<Room>,
    octets: usize,
    kept: AtomicBool,
}

impl Buffer {
    pub(super) fn new(room: &Arc<Room>, octets: usize) -> Arc<Self> {
        room.holds(octets);
        Arc::new(Self {
            room: Arc::clone(room),
            octets,
            kept: AtomicBool::new(false),
        })
    }

    /// It is kept for what is remembered, whatever is read.
    pub(super) fn keep(&self) {
        if !self.kept.swap(true, Relaxed) {
            self.room.kept.fetch_add(self.octets, Relaxed);
            self.room.holds_no_more(self.octets);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.kept.load(Relaxed) {
            self.room.kept.fetch_sub(self.octets, Relaxed);
            self.room.freed();
        } else {
            self.room.holds_no_more(self.octets);
        }
    }
}

/// A piece of a body, as it came in one frame.
#[derive(Debug)]
pub(super) struct Piece {
    /// Not yet taken of it.
    pub(super) octets: usize,
    buffer: Arc<Buffer>,
}

impl Piece {
    pub(super) fn new(octets: usize, buffer: &Arc<Buffer>) -> Self {
        buffer.room.pieces.fetch_add(1, Relaxed);
        let buffer = Arc::clone(buffer);
        Self { octets, buffer }
    }

    /// What it lies in.
    pub(super) fn buffer(&self) -> Arc<Buffer> {
        Arc::clone(&self.buffer)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.buffer.room.pieces.fetch_sub(1, Relaxed);
        self.buffer.room.freed();
    }
}
