//! What a client's connection is waiting for, and since when: pure rules over one word that the
//! connection and its requests share. Slow heads and idle connections end by it, at the price of one
//! timer per connection that is set anew only when it rings.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::http::hints::Hints;
use crate::http::pace::TooSlow;
use crate::http::taking::{Taking, micros};

const STATES: u64 = 6;
/// Between two looks at a connection whose client takes nothing.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at a connection.
const SHORTEST: Duration = Duration::from_millis(10);

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Open, and not one byte has come.
    Silent,
    /// Part of a request head has come.
    Head,
    /// A request is being answered; its own deadlines count.
    Busy,
    /// Between an answer and the next request.
    Idle,
    /// Given up: the client takes nothing of its answer.
    Stalled,
    /// Given up: the client takes too little of its answer.
    Lagging,
}

/// The state and since when, in one word so that both change at once; and what the last request left behind.
#[derive(Debug)]
pub struct Phase {
    start: Instant,
    word: AtomicU64,
    taking: Taking,
    /// A deadline may have come nearer than the timer knows.
    nudged: AtomicBool,
    unread: AtomicBool,
    /// Requests under way: one at a time in HTTP/1.1, many in HTTP/2.
    open: AtomicU32,
    old: AtomicBool,
    /// What the client is told before its answer.
    pub hints: Hints,
}

/// Deadlines of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From a head's first byte to its last.
    pub head: Duration,
    /// From an answer to the next request.
    pub idle: Duration,
}

impl Phase {
    /// A connection opened now.
    pub fn new(now: Instant) -> Self {
        Self {
            start: now,
            word: AtomicU64::new(0),
            taking: Taking::default(),
            nudged: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            open: AtomicU32::new(0),
            old: AtomicBool::new(false),
            hints: Hints::default(),
        }
    }

    /// The client speaks HTTP/1.0, to which the end of the connection is the end of a body.
    pub fn speaks_old(&self) {
        self.old.store(true, Relaxed);
    }

    /// Whether an answer that breaks off must end with a reset, since a close would make it look whole.
    pub fn is_old(&self) -> bool {
        self.old.load(Relaxed)
    }

    /// Bytes came in.
    pub fn heard(&self, now: Instant) {
        if matches!(self.read().0, State::Silent | State::Idle) {
            self.set(State::Head, now);
        }
    }

    /// The last request was answered before its body was read to the end, so the client may still send.
    pub fn leaves_unread(&self, unread: bool) {
        // Written only when it changes: hardly any request does that.
        if self.is_unread() != unread {
            self.unread.store(unread, Relaxed);
        }
    }

    /// Whether the client may still be sending a body nobody reads.
    pub fn is_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Bytes came in on a connection of many requests at once: which of them begin a head cannot be told, so
    /// it counts as idle until a request is complete.
    pub fn greeted(&self, now: Instant) {
        if matches!(self.read().0, State::Silent | State::Head) {
            self.set(State::Idle, now);
        }
    }

    /// A request head is complete.
    pub fn asked(&self, now: Instant) {
        self.open.fetch_add(1, Relaxed);
        self.set(State::Busy, now);
    }

    /// An answer is given to its last byte.
    pub fn answered(&self, now: Instant) {
        if self.open.fetch_sub(1, Relaxed) == 1 {
            self.set(State::Idle, now);
        }
    }

    /// The body of an answer is on its way: its client may take nothing of it for so long, and must take so
    /// many bytes a second.
    pub fn expects(&self, idle: Option<Duration>, min_rate: Option<u64>) {
        self.taking.expects(idle, min_rate);
    }

    /// The socket took so many bytes, or takes none for now. Told of each write.
    pub fn wrote(&self, took: Option<usize>, now: impl FnOnce() -> Instant) {
        let since_start = || now().saturating_duration_since(self.start);
        match took {
            Some(bytes) => self.taking.took(bytes, since_start),
            None if self.taking.is_full(since_start) => self.nudge(),
            None => {}
        }
    }

    /// Whether the last write found the socket full.
    pub fn is_blocked(&self) -> bool {
        self.taking.is_blocked()
    }

    /// The client is given up in this state.
    pub fn gave_up(&self, state: State, now: Instant) {
        self.set(state, now);
    }

    /// Why the client was given up, if it was: what it took of its answer.
    pub fn given_up(&self) -> Option<TooSlow> {
        match self.read().0 {
            State::Stalled => Some(TooSlow::Idle),
            State::Lagging => Some(TooSlow::Rate),
            _ => None,
        }
    }

    /// A deadline may have come nearer than the timer knows.
    pub fn nudge(&self) {
        self.nudged.store(true, Relaxed);
    }

    /// Whether it may, told once.
    pub fn take_nudge(&self) -> bool {
        let nudged = self.nudged.load(Relaxed);
        if nudged {
            self.nudged.store(false, Relaxed);
        }
        nudged
    }

    /// Whether a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// How many requests are being answered.
    pub fn requests(&self) -> u32 {
        self.open.load(Relaxed)
    }

    /// When to give up, and on what. No connection goes longer without a look than a head may take, since one may begin
    /// between two looks.
    pub fn deadline(&self, patience: Patience, now: Instant) -> (Instant, State) {
        let (state, since) = self.read();
        let at = match state {
            State::Silent | State::Head => since + patience.head,
            // The end of the last answer may still lie in our buffer.
            State::Idle => {
                let blocked = self.taking.blocked_since(self.start);
                let idle = blocked.map_or(since, |blocked| blocked.max(since)) + patience.idle;
                idle.min(now + patience.head.max(SHORTEST))
            }
            State::Busy | State::Stalled | State::Lagging => {
                let look = now + patience.head.min(patience.idle).max(SHORTEST);
                let look = if self.is_blocked() {
                    look.min(now + LOOK)
                } else {
                    look
                };
                return match self.taking.deadline(self.start) {
                    Some((at, TooSlow::Rate)) if at <= look => (at, State::Lagging),
                    Some((at, _)) if at <= look => (at, State::Stalled),
                    _ => (look, state),
                };
            }
        };
        (at, state)
    }

    fn read(&self) -> (State, Instant) {
        let word = self.word.load(Relaxed);
        let state = match word % STATES {
            0 => State::Silent,
            1 => State::Head,
            2 => State::Busy,
            3 => State::Idle,
            4 => State::Stalled,
            _ => State::Lagging,
        };
        (state, self.start + Duration::from_micros(word / STATES))
    }

    fn set(&self, state: State, now: Instant) {
        let since = micros(now.saturating_duration_since(self.start)).min(u64::MAX / STATES - 1);
        self.word.store(since * STATES + state as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests;
