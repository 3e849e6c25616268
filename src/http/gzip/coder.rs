//! The state of deflate, and its reuse. It knows bytes, not bodies, nor on which thread it is called.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress as Flush, Status};

use crate::http::flow::BodyFault;

/// The window of deflate, in bits: the largest, which every decoder has room for (RFC 1951).
const WINDOW_BITS: u8 = 15;
/// How many idle coders a thread keeps, about 370 KiB each. Two routes with different levels and a few large
/// bodies at once find one; a burst does not hold its memory for ever.
const SPARES: usize = 4;
/// Room that must be left when deflate is called: with less it repeats its flush marker (zlib.h, `deflate`).
const LEAST_ROOM: usize = 64;

thread_local! {
    /// Making a coder costs page faults and a third of the time of a small body; resetting one is cheap.
    static IDLE: RefCell<Vec<Coder>> = const { RefCell::new(Vec::new()) };
}

/// The state of deflate.
pub struct Coder {
    level: u8,
    deflate: Compress,
}

impl Coder {
    /// A coder at the start of a stream: one of this thread's that is idle, or a new one.
    pub fn take(level: u8) -> Self {
        let alike = |idle: &mut Vec<Self>| {
            let found = idle.iter().rposition(|coder| coder.level == level)?;
            Some(idle.remove(found))
        };
        // A thread that ends has no idle coders any more.
        let idle = IDLE.try_with(|idle| alike(&mut idle.borrow_mut()));
        idle.ok().flatten().unwrap_or_else(|| Self {
            level,
            deflate: Compress::new_gzip(Compression::new(level.into()), WINDOW_BITS),
        })
    }

    /// Keeps it for the next stream of this thread.
    pub fn give_back(mut self) {
        let _no_room_in_a_thread_that_ends = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            if idle.len() == SPARES {
                // Nobody has asked for its kind for the longest.
                idle.remove(0);
            }
            self.deflate.reset();
            idle.push(self);
        });
    }

    /// Compresses a batch. `flush` is `None` if more follows at once, `Sync` if all so far is to come out,
    /// `Finish` at the end of the stream.
    pub fn code(&mut self, batch: &[Bytes], flush: Flush) -> Result<Vec<u8>, BodyFault> {
        let total: usize = batch.iter().map(Bytes::len).sum();
        let mut coded = Vec::with_capacity(total / 3 + 4 * LEAST_ROOM);
        let (last, before) = batch
            .split_last()
            .map_or((&[][..], batch), |(last, before)| (last, before));
        for bytes in before {
            self.feed(bytes, &mut coded, Flush::None)?;
        }
        self.feed(last, &mut coded, flush)?;
        Ok(coded)
    }

    fn feed(&mut self, mut bytes: &[u8], coded: &mut Vec<u8>, flush: Flush) -> Result<(), BodyFault> {
        loop {
            if coded.capacity() - coded.len() < LEAST_ROOM {
                coded.reserve(coded.len().max(16 * LEAST_ROOM));
            }
            let before = self.deflate.total_in();
            let status = self
                .deflate
                .compress_vec(bytes, coded, flush)
                .map_err(|_| BodyFault::Coding)?;
            let taken = usize::try_from(self.deflate.total_in() - before).unwrap_or(usize::MAX);
            bytes = bytes.get(taken..).unwrap_or_default();
            let done = match flush {
                Flush::Finish => matches!(status, Status::StreamEnd),
                // With room left, deflate has nothing more to say.
                _ => bytes.is_empty() && coded.len() < coded.capacity(),
            };
            if done {
                return Ok(());
            }
        }
    }
}
