//! What a client's connection is waiting for, and since when: pure rules over one word that the
//! connection and its requests share. Slow heads and idle connections end by it, at the price of one
//! timer per connection that is set anew only when it rings.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const STATES: u64 = 4;

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
}

/// The state and since when, in one word so that both change at once; and what the last request left behind.
#[derive(Debug)]
pub struct Phase {
    start: Instant,
    word: AtomicU64,
    unread: AtomicBool,
    /// Requests under way: one at a time in HTTP/1.1, many in HTTP/2.
    open: AtomicU32,
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
            unread: AtomicBool::new(false),
            open: AtomicU32::new(0),
        }
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

    /// Whether a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// When to give up, and on what. A busy connection is looked at again after as long as an idle one may last.
    pub fn deadline(&self, patience: Patience, now: Instant) -> (Instant, State) {
        let (state, since) = self.read();
        let at = match state {
            State::Silent | State::Head => since + patience.head,
            State::Idle => since + patience.idle,
            State::Busy => now + patience.head.min(patience.idle).max(Duration::from_millis(10)),
        };
        (at, state)
    }

    fn read(&self) -> (State, Instant) {
        let word = self.word.load(Relaxed);
        let state = match word % STATES {
            0 => State::Silent,
            1 => State::Head,
            2 => State::Busy,
            _ => State::Idle,
        };
        (state, self.start + Duration::from_micros(word / STATES))
    }

    fn set(&self, state: State, now: Instant) {
        let micros =
            u64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX / STATES);
        self.word.store(micros * STATES + state as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(15),
        idle: Duration::from_mins(1),
    };

    #[test]
    fn a_head_is_timed_from_its_first_byte_not_from_each() {
        let start = Instant::now();
        let phase = Phase::new(start);
        phase.heard(start + SECOND);
        phase.heard(start + 9 * SECOND);
        assert_eq!(
            phase.deadline(PATIENCE, start + 9 * SECOND),
            (start + 16 * SECOND, State::Head)
        );
    }

    #[test]
    fn silence_after_the_opening_ends_like_a_slow_head() {
        let start = Instant::now();
        assert_eq!(
            Phase::new(start).deadline(PATIENCE, start),
            (start + 15 * SECOND, State::Silent)
        );
    }

    #[test]
    fn a_request_under_way_is_left_alone_and_idleness_begins_after_it() {
        let start = Instant::now();
        let phase = Phase::new(start);
        phase.asked(start + SECOND);
        phase.heard(start + 2 * SECOND);
        assert_eq!(phase.deadline(PATIENCE, start + 50 * SECOND).1, State::Busy);
        phase.answered(start + 50 * SECOND);
        assert_eq!(
            phase.deadline(PATIENCE, start + 51 * SECOND),
            (start + 110 * SECOND, State::Idle)
        );
    }

    #[test]
    fn with_many_requests_idleness_begins_after_the_last() {
        let start = Instant::now();
        let phase = Phase::new(start);
        phase.greeted(start + SECOND);
        assert_eq!(
            phase.deadline(PATIENCE, start + SECOND),
            (start + 61 * SECOND, State::Idle)
        );
        phase.asked(start + 2 * SECOND);
        phase.asked(start + 3 * SECOND);
        phase.answered(start + 4 * SECOND);
        phase.greeted(start + 5 * SECOND);
        assert_eq!(phase.deadline(PATIENCE, start + 70 * SECOND).1, State::Busy);
        phase.answered(start + 80 * SECOND);
        phase.greeted(start + 90 * SECOND);
        assert_eq!(
            phase.deadline(PATIENCE, start + 90 * SECOND),
            (start + 140 * SECOND, State::Idle)
        );
    }
}
