//! How slow a body may be: pure rules over bytes and waiting time, the clock passed in.
//! Only the time spent waiting for the sender counts, so a slow receiver is never the sender's fault.

use std::time::{Duration, Instant};

/// How long a trickling sender is left alone before the minimum rate counts.
const RATE_GRACE: Duration = Duration::from_secs(10);

/// The limits of one body; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// The longest silence.
    pub idle: Option<Duration>,
    /// Bytes a second, on average over the time spent waiting, once ten seconds were spent (slow-loris by body).
    pub min_rate: Option<u64>,
    /// The moment by which the body must have ended.
    pub until: Option<Instant>,
    /// The most bytes.
    pub max_bytes: Option<u64>,
}

/// Why a body was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooSlow {
    /// Longer than `idle` without a byte.
    Idle,
    /// Below `min_rate`.
    Rate,
    /// Past `until`.
    Duration,
}

impl Pace {
    /// When to give up if not one more byte comes, and why. `waiting_since` is when the present wait
    /// began, `waited` what was waited before it.
    pub fn deadline(
        &self,
        bytes: u64,
        waited: Duration,
        waiting_since: Instant,
    ) -> Option<(Instant, TooSlow)> {
        let idle = self.idle.map(|idle| (waiting_since + idle, TooSlow::Idle));
        let rate = self.min_rate.map(|rate| {
            (
                waiting_since + earned(bytes, rate).saturating_sub(waited),
                TooSlow::Rate,
            )
        });
        let until = self.until.map(|until| (until, TooSlow::Duration));
        [idle, rate, until]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

/// How long so many bytes may take at this rate, the grace included.
pub(super) fn earned(bytes: u64, rate: u64) -> Duration {
    Duration::from_millis(bytes.saturating_mul(1000) / rate.max(1)).max(RATE_GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_ends_a_body_after_idle() {
        let now = Instant::now();
        let pace = Pace {
            idle: Some(30 * SECOND),
            ..Pace::default()
        };
        assert_eq!(
            pace.deadline(0, Duration::ZERO, now),
            Some((now + 30 * SECOND, TooSlow::Idle))
        );
    }

    #[test]
    fn a_byte_a_second_ends_after_the_grace() {
        let now = Instant::now();
        let pace = Pace {
            idle: Some(30 * SECOND),
            min_rate: Some(500),
            ..Pace::default()
        };
        assert_eq!(
            pace.deadline(9, 9 * SECOND, now),
            Some((now + SECOND, TooSlow::Rate))
        );
    }

    #[test]
    fn bytes_sent_early_buy_time() {
        let now = Instant::now();
        let pace = Pace {
            idle: Some(60 * SECOND),
            min_rate: Some(500),
            ..Pace::default()
        };
        assert_eq!(
            pace.deadline(10_000, SECOND, now),
            Some((now + 19 * SECOND, TooSlow::Rate))
        );
    }

    #[test]
    fn without_limits_nothing_ends_a_body() {
        assert_eq!(Pace::default().deadline(1, SECOND, Instant::now()), None);
    }
}
