//! How a client takes its answer: since when its socket is full, how long that lasted in all, how much it took
//! meanwhile. Pure rules over a few words that the connection writes and its timer reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::http::pace::{self, TooSlow};

/// What the systems of both sides may hold of an answer that nobody has read: Linux' largest buffers by default.
const IN_KERNELS: u64 = 10 << 20;

/// Of a wait between two pieces that the client takes so much counts for its rate: a longer one is a pause, which has
/// a limit of its own. It is no less because a client that takes 100 bytes a second has its system tell of them
/// once in 15 s, a whole packet at a time.
const PAUSE: Duration = Duration::from_secs(5);

/// Of what the socket takes between two waits so much counts as read: the system may have made its own buffer larger by
/// a megabyte. At any sensible rate it earns more than a pause costs.
const CREDIT: u64 = 4 << 10;

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
    /// How many it had taken when it was full for the last time, and one more.
    mark: AtomicU64,
    /// How many of those after it was full for the first time count as read.
    read: AtomicU64,
    /// How long it was full before, in microseconds; of each pause no more than counts.
    waited: AtomicU64,
}

impl Taking {
    /// An answer begins.
    pub(super) fn expects(&self, idle: Option<Duration>, min_rate: Option<u64>) {
        self.idle.store(idle.map_or(0, micros), Relaxed);
        self.min_rate.store(min_rate.unwrap_or_default(), Relaxed);
        self.taken.store(0, Relaxed);
        self.mark.store(u64::from(self.is_blocked()), Relaxed);
        self.read.store(0, Relaxed);
        self.waited.store(0, Relaxed);
    }

    /// The socket took bytes, so many of them.
    pub(super) fn took(&self, bytes: usize, since_start: impl FnOnce() -> Duration) {
        // One task writes to a connection.
        self.taken
            .store(self.taken.load(Relaxed).wrapping_add(bytes as u64), Relaxed);
        let blocked = self.blocked.load(Relaxed);
        if blocked > 0 {
            let spell = micros(since_start()).saturating_sub(blocked).min(micros(PAUSE));
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
        let (taken, mark) = (self.taken.load(Relaxed), self.mark.load(Relaxed));
        if mark > 0 {
            let since = taken.saturating_sub(mark - 1).min(CREDIT);
            self.read
                .store(self.read.load(Relaxed).saturating_add(since), Relaxed);
        }
        self.mark.store(taken.saturating_add(1), Relaxed);
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
        let idle = set(&self.idle).map(|idle| (blocked + Duration::from_micros(idle), TooSlow::Idle));
        let rate = set(&self.min_rate).and_then(|rate| {
            let waited = Duration::from_micros(self.waited.load(Relaxed));
            let left = pace::earned(self.read(), rate).saturating_sub(waited);
            // Beyond that it is a pause.
            (left <= PAUSE).then(|| (blocked + left, TooSlow::Rate))
        });
        idle.into_iter().chain(rate).min_by_key(|(at, _)| *at)
    }

    /// What the client itself has read, at least, as seen when the socket was full: what that took after it was full
    /// for the first time, or what no buffer can hold.
    fn read(&self) -> u64 {
        let beyond = self.taken.load(Relaxed).saturating_sub(IN_KERNELS);
        self.read.load(Relaxed).max(beyond)
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
    fn who_takes_nothing_pauses_and_is_too_slow_for_no_rate() {
        let start = Instant::now();
        let taking = taking(60);
        taking.took(4 * MIB, || SECOND);
        taking.is_full(|| SECOND);
        assert_eq!(taking.deadline(start), Some((start + 61 * SECOND, TooSlow::Idle)));
    }

    #[test]
    fn who_goes_on_after_a_pause_is_not_held_to_it() {
        let start = Instant::now();
        let taking = taking(60);
        taking.took(4 * MIB, || SECOND);
        taking.is_full(|| SECOND);
        taking.took(1000, || 50 * SECOND);
        taking.is_full(|| 50 * SECOND);
        assert_eq!(taking.deadline(start), Some((start + 55 * SECOND, TooSlow::Rate)));
        for second in [51, 52] {
            taking.took(4000, || second * SECOND);
            taking.is_full(|| second * SECOND);
        }
        assert_eq!(
            taking.deadline(start),
            Some((start + 112 * SECOND, TooSlow::Idle))
        );
    }

    #[test]
    fn who_sips_between_pauses_is_given_up() {
        let start = Instant::now();
        let taking = taking(60);
        taking.took(4 * MIB, || SECOND);
        for sip in 0..3 {
            taking.is_full(|| (1 + sip * 15) * SECOND);
            taking.took(1460, || (16 + sip * 15) * SECOND);
        }
        taking.is_full(|| 46 * SECOND);
        assert_eq!(taking.deadline(start), Some((start + 46 * SECOND, TooSlow::Rate)));
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
        for second in 20..27 {
            taking.is_full(|| second * SECOND);
            taking.took(1, || (second + 1) * SECOND);
        }
        taking.is_full(|| 27 * SECOND);
        assert_eq!(taking.deadline(start), Some((start + 30 * SECOND, TooSlow::Rate)));
    }
}
