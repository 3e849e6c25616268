//! What a client's connection is waiting for, and since when: pure rules over one word that the
//! connection and its requests share. Slow heads and idle connections end by it, at the price of one
//! timer per connection that is set anew only when it rings.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::http::hints::Hints;

const STATES: u64 = 5;

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
}

/// The state and since when, in one word so that both change at once; and what the last request left behind.
#[derive(Debug)]
pub struct Phase {
    start: Instant,
    word: AtomicU64,
    /// Since when the socket takes no byte, in microseconds after the start; 0 while it does.
    blocked: AtomicU64,
    /// How long it may take none during an answer, in microseconds; 0 is for ever.
    patience: AtomicU64,
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
            blocked: AtomicU64::new(0),
            patience: AtomicU64::new(0),
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

    /// The body of an answer is on its way, and its client may take nothing of it for so long.
    pub fn expects(&self, patience: Option<Duration>) {
        self.patience.store(patience.map_or(0, micros), Relaxed);
    }

    /// The socket took bytes, or takes none for now. Told of each write, and writes down only news.
    pub fn wrote(&self, took: bool, now: impl FnOnce() -> Instant) {
        if took == (self.blocked.load(Relaxed) == 0) {
            return;
        }
        let since = if took {
            0
        } else {
            micros(now().saturating_duration_since(self.start)).max(1)
        };
        self.blocked.store(since, Relaxed);
    }

    /// Whether the last write found the socket full.
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
    }

    /// The client takes nothing: it is given up.
    pub fn stalled(&self, now: Instant) {
        self.set(State::Stalled, now);
    }

    /// Whether it was given up for taking nothing.
    pub fn is_stalled(&self) -> bool {
        self.read().0 == State::Stalled
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
            // The end of the last answer may still lie in our buffer.
            State::Idle => self.blocked().map_or(since, |blocked| blocked.max(since)) + patience.idle,
            State::Busy | State::Stalled => {
                let look = now + patience.head.min(patience.idle).max(Duration::from_millis(10));
                return self
                    .stall()
                    .filter(|at| *at <= look)
                    .map_or((look, state), |at| (at, State::Stalled));
            }
        };
        (at, state)
    }

    fn blocked(&self) -> Option<Instant> {
        let blocked = self.blocked.load(Relaxed);
        (blocked > 0).then(|| self.start + Duration::from_micros(blocked))
    }

    /// When the client has taken nothing for too long, if it takes nothing now.
    fn stall(&self) -> Option<Instant> {
        let patience = self.patience.load(Relaxed);
        self.blocked()
            .filter(|_| patience > 0)
            .map(|blocked| blocked + Duration::from_micros(patience))
    }

    fn read(&self) -> (State, Instant) {
        let word = self.word.load(Relaxed);
        let state = match word % STATES {
            0 => State::Silent,
            1 => State::Head,
            2 => State::Busy,
            3 => State::Idle,
            _ => State::Stalled,
        };
        (state, self.start + Duration::from_micros(word / STATES))
    }

    fn set(&self, state: State, now: Instant) {
        let since = micros(now.saturating_duration_since(self.start));
        self.word.store(since * STATES + state as u64, Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).map_or(u64::MAX / STATES, |micros| micros.min(u64::MAX / STATES))
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
    fn a_client_that_takes_nothing_is_given_up_after_the_patience_of_its_answer() {
        let start = Instant::now();
        let phase = Phase::new(start);
        phase.asked(start);
        phase.wrote(false, || start + SECOND);
        assert_eq!(phase.deadline(PATIENCE, start + SECOND).1, State::Busy);
        phase.expects(Some(10 * SECOND));
        phase.wrote(false, || start + 5 * SECOND);
        assert_eq!(
            phase.deadline(PATIENCE, start + 5 * SECOND),
            (start + 11 * SECOND, State::Stalled)
        );
        phase.wrote(true, || start + 6 * SECOND);
        assert_eq!(phase.deadline(PATIENCE, start + 6 * SECOND).1, State::Busy);
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
