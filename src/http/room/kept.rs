//! Buffers that are kept for as long as h2 remembers a target that was read into them. Nobody can make it forget; so a
//! connection that keeps too many is told to end, and its client opens another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::http::room::buffer::Buffer;
use crate::http::room::{KEPT, REQUESTS, Room};

/// Targets remembered: of 4096 octets each takes 32 and its own at least (RFC 7541 §4.1), so that older ones are forgotten.
const MOST: usize = 128;

/// By the targets in them, in order.
#[derive(Debug, Default)]
pub(super) struct Kept(VecDeque<Arc<Buffer>>);

impl Kept {
    /// Another is remembered, in this buffer.
    pub(super) fn add(&mut self, buffer: &Arc<Buffer>) {
        buffer.keep();
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(Arc::clone(buffer));
    }
}

impl Room {
    /// What targets that are remembered take of the room for requests.
    pub(super) fn overkept(&self) -> usize {
        self.kept.load(Relaxed).saturating_sub(KEPT)
    }

    /// Whether the connection should end, since targets that are remembered leave little room for requests.
    pub(super) fn should_part(&self) -> bool {
        self.takes() + KEPT / 2 > REQUESTS
    }

    /// Whether they take more than there is.
    pub(super) fn keeps_too_much(&self) -> bool {
        self.takes() > REQUESTS + KEPT / 2
    }

    /// What all take together; nothing where no more is remembered than may be.
    fn takes(&self) -> usize {
        match self.overkept() {
            0 => 0,
            kept => kept + self.requests.load(Relaxed) + self.bodies(false),
        }
    }
}
