//! The hold on a stream while its answer is read.

use std::sync::Arc;

use crate::upstream::http2::link::Seat;
use crate::upstream::http2::outgoing::Source;
use crate::upstream::pool::Lane;

/// The hold on a stream. Dropped before its end, it resets the stream; the connection and its other streams go on. A body that
/// is still on its way is of no use once the answer is complete.
pub struct Stream {
    pub(super) _seat: Seat,
    pub(super) lane: Arc<Lane>,
    pub(super) _source: Option<Source>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stream")
            .field(&self.lane.mark().address())
            .finish()
    }
}
