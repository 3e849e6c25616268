//! What an answer comes on: a connection of its own, or one of many streams on a shared one.

use crate::upstream::http2::Stream;
use crate::upstream::lease::Lease;

/// The hold on it. Dropped, it ends what is still under way.
#[derive(Debug)]
pub enum Line {
    /// A connection that carries one request at a time.
    Own(Lease),
    /// A stream of a connection that carries many.
    Shared(Stream),
}

impl Line {
    /// Ends the hold; `clean` says that the answer was read to its last byte.
    pub fn finish(self, clean: bool) {
        match self {
            Self::Own(lease) => lease.finish(clean),
            Self::Shared(stream) => stream.finish(clean),
        }
    }

    /// The connection, if it is the answer's own.
    pub fn into_own(self) -> Option<Lease> {
        match self {
            Self::Own(lease) => Some(lease),
            Self::Shared(_) => None,
        }
    }
}
