//! How a client takes its answer: since when its socket is full, how long that lasted in all, how much it took
//! meanwhile. Pure rules over a few words that the connection writes and its timer reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::http::pace::{Pace, TooSlow};

/// What the systems of both sides may hold of an answer that nobody has read: Linux' largest buffers by default.
const IN_KERNELS: u64 = 10 << 20;

/// The state of one connection. Zero is none throughout.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// Since when the socket takes no byte, in microseconds after the start; 0 while it does.
    blocked: AtomicU64,
    /// How long it may take none during an answer, in microseconds.
    idle: AtomicU64,
    /// Bytes a second it must take.
    min_rate: AtomicU64,
    /// Bytes it took of this answer.
    taken: AtomicU64,
    /// How many it had taken when it was full for the first time, and one more.
    unread: AtomicU64,
    /// How long it was full before, in microseconds.
    waited: AtomicU64,
}

impl Taking {
    /// An answer begins.
    pub(super) fn expects(&self, idle: Option<Duration>, min_rate: Option<u64>) {
        self.idle.store(idle.map_or(0, micros), Relaxed);
        self.min_rate.store(min_rate.unwrap_or_default(), Relaxed);
        self.taken.store(0, Relaxed);
        self.unread.store(u64::from(self.is_blocked()), Relaxed);
        self.waited.store(0, Relaxed);
    }

    /// The socket took bytes, so many of them.
    pub(super) fn took(&self, bytes: usize, since_start: impl FnOnce() -> Duration) {
        // One task writes to a connection.
        self.taken
            .store(self.taken.load(Relaxed).wrapping_add(bytes as u64), Relaxed);
        let blocked = self.blocked.load(Relaxed);
        if blocked > 0 {
            let spell = micros(since_start()).saturating_sub(blocked);
            self.waited
                .store(self.waited.load(Relaxed).saturating_add(spell), Relaxed);
            self.blocked.store(0, Relaxed);
        }
    }

    /// The socket is full; true if it was not before.
    pub(super) fn is_full(&self, since_start: impl FnOnce() -> Duration) -> bool {
        if self.is_blocked() {
            return false;
        }
        self.blocked.store(micros(since_start()).max(1), Relaxed);
        if self.unread.load(Relaxed) == 0 {
            self.unread
                .store(self.taken.load(Relaxed).saturating_add(1), Relaxed);
        }
        true
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
    }

    /// Since when it is full.
    pub(super) fn blocked_since(&self, start: Instant) -> Option<Instant> {
        let blocked = self.blocked.load(Relaxed);
        (blocked > 0).then(|| start + Duration::from_micros(blocked))
    }

    /// When to give the client up if it takes nothing more, and why.
    pub(super) fn deadline(&self, start: Instant) -> Option<(Instant, TooSlow)> {
        let blocked = self.blocked_since(start)?;
        let set = |word: &AtomicU64| Some(word.load(Relaxed)).filter(|value| *value > 0);
        let pace = Pace {
            idle: set(&self.idle).map(Duration::from_micros),
            min_rate: set(&self.min_rate),
            ..Pace::default()
        };
        pace.deadline(
            self.read(),
            Duration::from_micros(self.waited.load(Relaxed)),
            blocked,
        )
    }

    /// What the client itself has read, at least: what the socket took after it was full, or what no buffer
    /// can hold.
    fn read(&self) -> u64 {
        let taken = self.taken.load(Relaxed);
        let unread = self.unread.load(Relaxed).saturating_sub(1);
        taken.saturating_sub(unread).max(taken.saturating_sub(IN_KERNELS))
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MIB: usize = 1 << 20;

    fn taking(idle: u32) -> Taking {
        let taking = Taking::default();
        taking.expects(Some(idle * SECOND), Some(500));
        taking
    }

    #[test]
    fn who_takes_nothing_is_given_up_by_the_sooner_of_both_limits() {
        let start = Instant::now();
        for (idle, at, why) in [(5, 6, TooSlow::Idle), (30, 11, TooSlow::Rate)] {
            let taking = taking(idle);
            taking.took(4 * MIB, || SECOND);
            taking.is_full(|| SECOND);
            assert_eq!(taking.deadline(start), Some((start + at * SECOND, why)));
        }
    }

    #[test]
    fn who_takes_a_trickle_is_given_up_and_who_takes_enough_is_not() {
        let start = Instant::now();
        for (bytes, late) in [(499, true), (501, false)] {
            let taking = taking(30);
            taking.took(MIB, || SECOND);
            for second in 1..40 {
                taking.is_full(|| second * SECOND);
                taking.took(bytes, || (second + 1) * SECOND);
            }
            taking.is_full(|| 40 * SECOND);
            let (at, _) = taking.deadline(start).expect("it is full");
            assert_eq!(at <= start + 40 * SECOND, late, "{bytes}");
        }
    }

    #[test]
    fn a_pause_after_much_was_read_is_the_idle_limits_affair() {
        let start = Instant::now();
        let taking = taking(30);
        taking.took(50 * MIB, || SECOND);
        taking.is_full(|| SECOND);
        assert_eq!(taking.deadline(start), Some((start + 31 * SECOND, TooSlow::Idle)));
    }

    #[test]
    fn the_next_answer_begins_anew() {
        let start = Instant::now();
        let taking = taking(30);
        taking.is_full(|| SECOND);
        taking.took(1, || 9 * SECOND);
        taking.expects(None, Some(500));
        taking.is_full(|| 20 * SECOND);
        assert_eq!(taking.deadline(start), Some((start + 30 * SECOND, TooSlow::Rate)));
    }
}
