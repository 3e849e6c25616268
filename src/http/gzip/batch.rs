//! What is gathered of a body before it is compressed. Where all that is held has a share of a room, it sees to it that
//! this has one too: pieces may come without. It knows neither what they say nor when they are enough.

use std::sync::Arc;

use bytes::Bytes;

use crate::http::room::{Room, Share};

/// The share of pieces that came without one grows by so many bytes.
const STEP: usize = 4 * 1024;
/// Pieces up to this size come without a share; one that is larger has its own, unless its source gives none.
const SMALL: usize = 1024;
/// What a piece costs beside its bytes.
const PIECE: usize = 64;

/// Pieces in the order they came.
#[derive(Default)]
pub struct Batch {
    pieces: Vec<Bytes>,
    octets: usize,
    /// What the pieces without a share hold, and how much of it is covered by these.
    bare: usize,
    covered: usize,
    covers: Vec<Share>,
}

impl Batch {
    /// Adds a piece that needs no share.
    pub fn add(&mut self, piece: Bytes) {
        self.octets += piece.len();
        self.pieces.push(piece);
    }

    /// Adds a piece whose bytes have to have a share; whether its source gives them one is told.
    pub fn add_shared(&mut self, piece: Bytes, shares: bool, room: &Arc<Room>) {
        let bare = if shares && piece.len() > SMALL {
            0
        } else {
            piece.len()
        };
        self.bare += bare + PIECE;
        while self.covered < self.bare
            && let Some(share) = room.part(STEP.max(self.bare - self.covered))
        {
            self.covered += share.octets();
            self.covers.push(share);
        }
        self.add(piece);
    }

    /// How many bytes it has.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// The last bytes of all that was said: of this, and if that is too little of what was before.
    pub fn tail(&self, before: &[u8], octets: usize) -> Vec<u8> {
        let mut tail = Vec::with_capacity(octets.min(before.len() + self.octets));
        let of_before = octets.saturating_sub(self.octets).min(before.len());
        tail.extend_from_slice(before.get(before.len() - of_before..).unwrap_or_default());
        let mut skipped = self.octets.saturating_sub(octets);
        for piece in &self.pieces {
            tail.extend_from_slice(piece.get(skipped..).unwrap_or_default());
            skipped = skipped.saturating_sub(piece.len());
        }
        tail
    }
}
