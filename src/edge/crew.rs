//! Which worker serves a new connection. The kernel spreads connections over the workers' sockets by chance, and a few
//! that stay for hours may all fall to one; so the worker that accepts hands a connection on where it holds more
//! than its share. It moves none that has begun: what a connection asks and is answered stays on one thread.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{mpsc, watch};

use crate::gateway::listener::Listener;
use crate::http::exchange::{Permit, Release};

/// Connections on their way to one worker. One that does not come to take them in is sent no more.
const ON_THEIR_WAY: usize = 128;
/// Which part of its own connections a worker may hold beyond another's before it hands one on: a sixteenth
/// (`docs/decisions/012-connections-between-workers.md`).
/// The few it holds are spread to the one; many come and go by chance, and are moved only when chance went far.
const TOLERANCE: usize = 16;

/// The workers, as they see each other when a connection comes.
pub struct Crew(Box<[Arc<Worker>]>);

/// What a worker is sent by the others.
pub type Inbox = mpsc::Receiver<Newcomer>;

/// A connection that another worker accepted.
pub struct Newcomer {
    pub(super) socket: TcpStream,
    pub(super) guest: Guest,
    /// Among the connections of the worker it goes to.
    pub(super) place: Option<Permit>,
}

/// What is known of a connection when it is admitted.
pub(super) struct Guest {
    /// The other end.
    pub(super) peer: SocketAddr,
    /// The settings it was admitted under.
    pub(super) listener: Arc<Listener>,
    /// Becomes true when its listener closes.
    pub(super) closing: watch::Receiver<bool>,
    /// Its places: among all of the listener, and among its client's own.
    pub(super) permits: [Option<Permit>; 2],
}

/// Whom a worker compares itself with: the next of the others, in turn.
pub(super) struct Turn {
    own: usize,
    next: usize,
}

/// One worker. Its count is written by itself for the most part: on its own cache lines, two because processors fetch
/// them in pairs.
#[repr(align(128))]
pub(super) struct Worker {
    /// Connections open, those on their way to it included.
    open: AtomicUsize,
    inbox: mpsc::Sender<Newcomer>,
}

impl Crew {
    /// So many workers, and what each is sent by the others.
    pub fn new(workers: usize) -> (Arc<Self>, Vec<Inbox>) {
        let (workers, inboxes): (Vec<_>, Vec<_>) = (0..workers).map(|_| Worker::new()).unzip();
        (Arc::new(Self(workers.into())), inboxes)
    }

    /// One who hands nothing on.
    pub fn alone() -> Arc<Self> {
        Self::new(1).0
    }

    /// Who takes a connection that this worker accepted, if not itself.
    pub(super) fn relief(&self, turn: &mut Turn) -> Option<&Arc<Worker>> {
        let own = self.0.get(turn.own)?;
        let other = self.0.get(turn.advance(self.0.len()))?;
        is_fuller(own.open.load(Relaxed), other.open.load(Relaxed)).then_some(other)
    }

    /// A place among the connections of one worker.
    pub(super) fn place_at(&self, worker: usize) -> Option<Permit> {
        self.0.get(worker).map(Worker::place)
    }
}

impl Worker {
    fn new() -> (Arc<Self>, Inbox) {
        let (inbox, newcomers) = mpsc::channel(ON_THEIR_WAY);
        let open = AtomicUsize::new(0);
        (Arc::new(Self { open, inbox }), newcomers)
    }

    /// A place among its connections. Counted before a connection is on its way, so that two who look at once do not
    /// both find it empty.
    fn place(self: &Arc<Self>) -> Permit {
        self.open.fetch_add(1, Relaxed);
        Permit::new(Arc::clone(self) as Arc<dyn Release>)
    }

    /// Sends it a connection; one it cannot take comes back.
    pub(super) fn send(self: &Arc<Self>, socket: TcpStream, guest: Guest) -> Result<(), Newcomer> {
        let place = Some(self.place());
        let newcomer = Newcomer { socket, guest, place };
        self.inbox
            .try_send(newcomer)
            .map_err(mpsc::error::TrySendError::into_inner)
    }
}

impl Release for Worker {
    fn release(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl Turn {
    /// The first turn of a worker.
    pub(super) fn of(own: usize) -> Self {
        Self { own, next: own }
    }

    /// The next of so many that is not itself; itself where there is no other.
    fn advance(&mut self, workers: usize) -> usize {
        self.next = (self.next + 1) % workers;
        if self.next == self.own {
            self.next = (self.next + 1) % workers;
        }
        self.next
    }
}

/// Whether one that holds `own` connections gives the next one to another with `other`.
fn is_fuller(own: usize, other: usize) -> bool {
    own > other + own / TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_few_are_spread_to_the_one() {
        assert!(is_fuller(1, 0));
        assert!(is_fuller(15, 14));
        assert!(!is_fuller(1, 1));
        assert!(!is_fuller(0, 0));
    }

    #[test]
    fn of_many_a_sixteenth_more_is_kept() {
        assert!(!is_fuller(1600, 1500));
        assert!(is_fuller(1600, 1499));
    }

    #[test]
    fn the_others_are_asked_in_turn_and_oneself_never() {
        let mut turn = Turn::of(1);
        assert_eq!([(); 5].map(|()| turn.advance(4)), [2, 3, 0, 2, 3]);
    }

    #[test]
    fn one_who_is_alone_keeps_all() {
        let crew = Crew::alone();
        let _held: Vec<_> = (0..40).map(|_| crew.place_at(0)).collect();
        assert!(crew.relief(&mut Turn::of(0)).is_none());
    }

    #[test]
    fn a_connection_counts_until_its_place_is_given_up() {
        let (crew, _inboxes) = Crew::new(2);
        let held = crew.place_at(0);
        assert!(crew.relief(&mut Turn::of(0)).is_some());
        assert!(crew.relief(&mut Turn::of(1)).is_none());
        drop(held);
        assert!(crew.relief(&mut Turn::of(0)).is_none());
    }
}
