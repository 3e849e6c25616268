//! What lies unread, against what there is room for; and who waits until it is less.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::{MutexGuard, PoisonError};
use std::task::Waker;

use crate::http::room::{BODIES, PIECES, REQUESTS, Room};

impl Room {
    /// Whether more lies unread than there is room for.
    fn is_full(&self) -> bool {
        let (unread, pieces) = (self.unread.load(SeqCst), self.pieces.load(SeqCst));
        let over = self.requests.load(SeqCst) + self.overkept() + unread > REQUESTS;
        pieces > PIECES || over && unread > BODIES as usize
    }

    /// So much more is held of what nobody has read.
    pub(super) fn holds(&self, octets: usize) {
        self.unread.fetch_add(octets, SeqCst);
    }

    /// And so much less.
    pub(super) fn holds_no_more(&self, octets: usize) {
        self.unread.fetch_sub(octets, SeqCst);
        self.freed();
    }

    pub(super) fn pieces(&self) -> usize {
        self.pieces.load(Relaxed)
    }

    /// Whether nothing should be read of bodies before some is taken; `waker` is woken then.
    pub(super) fn should_rest(&self, waker: &Waker) -> bool {
        if !self.is_full() {
            return false;
        }
        self.set_waiter(waker);
        self.waiting.store(true, SeqCst);
        self.is_full()
    }

    /// Some was taken, or a request is over.
    pub(super) fn freed(&self) {
        if self.waiting.load(SeqCst) && !self.is_full() && self.waiting.swap(false, SeqCst) {
            self.wake();
        }
    }

    /// Who is woken.
    pub(super) fn set_waiter(&self, waker: &Waker) {
        let mut waiter = self.waiter();
        if waiter.as_ref().is_none_or(|waiter| !waiter.will_wake(waker)) {
            *waiter = Some(waker.clone());
        }
    }

    pub(super) fn wake(&self) {
        let waiter = self.waiter().take();
        waiter.into_iter().for_each(Waker::wake);
    }

    fn waiter(&self) -> MutexGuard<'_, Option<Waker>> {
        // A waker is there or not.
        self.waiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
