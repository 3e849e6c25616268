//! How much the answers of one connection of HTTP/2 may put before its socket: while the socket takes nothing, or has
//! enough for now, they are not asked for more. Else a client that reads nothing would have a hundred streams
//! fill a hundred buffers. A window that a client does not grant shuts nothing here: the others may go on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use crate::http::room::Room;

/// Bytes of answers between two looks at the socket.
const ROUND: usize = 256 << 10;

/// The gate of one connection. All of its tasks run on one worker, so nothing here is contended.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// What answers are held in.
    room: Arc<Room>,
    blocked: AtomicBool,
    /// The connection is over: nobody will look at its socket again.
    over: AtomicBool,
    /// Bytes put before the socket since it was looked at.
    round: AtomicUsize,
    /// How often it has been opened.
    opened: AtomicUsize,
    /// Somebody waits.
    awaited: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Gate {
    /// For a connection whose answers share this room.
    pub(super) fn of(room: Arc<Room>) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// Whether answers must wait, since the socket takes nothing.
    pub(super) fn is_shut(&self) -> bool {
        !self.over.load(Relaxed) && self.blocked.load(Relaxed)
    }

    /// Whether the socket should be offered what there is before there is more of it. The connection has been woken for that;
    /// where it had nothing to offer, the answer goes on.
    pub(super) fn should_wait(&self, turn: &mut usize) -> bool {
        self.round.load(Relaxed) > ROUND && self.room.stands_back(turn)
    }

    /// An answer has put bytes before the socket.
    pub(super) fn put(&self, bytes: usize) {
        if bytes > 0 {
            self.round
                .store(self.round.load(Relaxed).saturating_add(bytes), Relaxed);
        }
    }

    /// The socket has taken bytes, or takes none.
    pub(super) fn wrote(&self, took: bool) {
        if took == self.blocked.load(Relaxed) {
            self.blocked.store(!took, Relaxed);
        }
        self.looked();
    }

    /// All that may be sent has been offered to the socket.
    fn looked(&self) {
        if self.round.load(Relaxed) > 0 {
            self.round.store(0, Relaxed);
            self.room.looked();
        }
        if !self.blocked.load(Relaxed) {
            self.open();
        }
    }

    /// The connection is over: who waits is let go, to find out for itself.
    pub(super) fn end(&self) {
        self.over.store(true, Relaxed);
        self.open();
    }

    /// Wakes once the gate opens. `since` is where the task keeps which time that will be, so that it is woken once.
    pub(super) fn wait(&self, since: &mut Option<usize>, waker: &Waker) {
        let opened = self.opened.load(Relaxed);
        if since.replace(opened) != Some(opened) {
            self.waiting().push(waker.clone());
            self.awaited.store(true, Relaxed);
        }
    }

    fn open(&self) {
        if self.awaited.load(Relaxed) {
            self.awaited.store(false, Relaxed);
            self.opened.fetch_add(1, Relaxed);
            let woken = std::mem::take(&mut *self.waiting());
            woken.into_iter().for_each(Waker::wake);
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        // A list of wakers is never half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn who_waits_is_woken_once_and_only_when_the_socket_takes_bytes() {
        let (gate, woken) = (Gate::default(), Arc::new(Woken(AtomicUsize::new(0))));
        let waker = Waker::from(Arc::clone(&woken));
        let mut since = None;
        gate.wrote(false);
        assert!(gate.is_shut());
        gate.wait(&mut since, &waker);
        gate.wait(&mut since, &waker);
        gate.looked();
        assert_eq!(woken.0.load(Relaxed), 0);
        gate.wrote(true);
        assert!(!gate.is_shut());
        assert_eq!(woken.0.load(Relaxed), 1);
        gate.wrote(false);
        gate.wait(&mut since, &waker);
        gate.wrote(true);
        assert_eq!(woken.0.load(Relaxed), 2);
    }

    #[test]
    fn the_end_of_the_connection_lets_everybody_go() {
        let (gate, woken) = (Gate::default(), Arc::new(Woken(AtomicUsize::new(0))));
        gate.wrote(false);
        gate.wait(&mut None, &Waker::from(Arc::clone(&woken)));
        gate.end();
        assert_eq!(woken.0.load(Relaxed), 1);
        assert!(!gate.is_shut());
    }

    #[test]
    fn a_round_has_an_end_and_the_next_begins_with_a_look() {
        let (gate, mut turn) = (Gate::default(), 0);
        gate.put(ROUND);
        assert!(!gate.should_wait(&mut turn));
        gate.put(1);
        assert!(gate.should_wait(&mut turn));
        assert!(!gate.should_wait(&mut turn), "there was no look meanwhile");
        gate.looked();
        assert!(!gate.should_wait(&mut turn));
        gate.put(ROUND + 1);
        assert!(gate.should_wait(&mut turn));
    }
}
