//! How many answers of one client connection are gzipped at once. An encoder keeps some 370 KiB between two batches, and
//! over HTTP/2 a connection has a hundred answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Encoders open at once on one connection; further answers pass as they are.
pub const MOST: u32 = 8;

/// The encoders that are open on one connection.
#[derive(Debug, Default)]
pub struct Encoders(Arc<AtomicU32>);

/// One of them, open until this is dropped.
#[derive(Debug)]
pub struct Slot(Arc<AtomicU32>);

impl Encoders {
    /// Opens one more, unless there are enough.
    pub fn open(&self) -> Option<Slot> {
        let more = |open: u32| (open < MOST).then_some(open + 1);
        let opened = self.0.fetch_update(Relaxed, Relaxed, more).is_ok();
        opened.then(|| Slot(Arc::clone(&self.0)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_them_and_those_that_are_closed_leave_their_place() {
        let encoders = Encoders::default();
        let mut open: Vec<_> = std::iter::from_fn(|| encoders.open()).collect();
        assert_eq!(open.len(), MOST as usize);
        open.pop();
        assert!(encoders.open().is_some(), "one was closed");
    }
}
