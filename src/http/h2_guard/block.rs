//! A header block over its frames (RFC 9113 §4.3), freed of what surrounds it in the first.

use crate::http::h2_guard::fields::Fields;
use crate::http::h2_guard::frame::{Head, flag, kind};

/// As far as it has come.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) fields: Fields,
    /// Octets of its frames.
    pub(super) length: usize,
    /// Octets in the present frame before the block, and those still to come that belong to it.
    before: usize,
    left: usize,
    padded: bool,
}

impl Block {
    /// A frame of it begins. What its flags announce has been judged, or is judged before the block is decoded (§6.2).
    pub(super) fn begin(&mut self, head: Head) {
        let first = head.kind == kind::HEADERS;
        self.left = head.length as usize;
        self.padded = first && head.has(flag::PADDED);
        self.before = if first && head.has(flag::PRIORITY) { 5 } else { 0 };
    }

    /// Its payload comes.
    pub(super) fn read(&mut self, mut piece: &[u8]) {
        self.length += piece.len();
        if self.padded
            && let Some((padding, rest)) = piece.split_first()
        {
            piece = rest;
            self.padded = false;
            self.left = self.left.saturating_sub(1 + usize::from(*padding));
        }
        let before = self.before.min(piece.len());
        let after = piece.get(before..).unwrap_or_default();
        self.before -= before;
        self.left = self.left.saturating_sub(before);
        let block = after.get(..self.left).unwrap_or(after);
        self.left -= block.len();
        self.fields.read(block);
    }
}
