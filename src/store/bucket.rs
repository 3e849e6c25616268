//! A token bucket: `burst` may come at once, then they come back at the given rate. The `governor` crate decides;
//! what is ours is the cell, and that one may look without taking, which governor does not offer.
//! nginx's `burst=20 nodelay` lets 21 pass at once, one for the rate and 20 above it; our 20 are 20.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::store::table::Idle;
use crate::store::{Verdict, nanos};

/// The longest time a bucket may take to fill: sums of times stay far from the end of 64 bits.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 100);

/// How fast a bucket fills and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketQuota(Quota);

/// What one key has spent: when the bucket will be full again. Shared by workers without a lock.
#[derive(Debug, Default)]
pub struct Bucket(AtomicU64);

/// One call's view of a bucket. Governor is told that it is always zero o'clock, and how much is owed by then;
/// so the time is the caller's, and no clock is asked.
struct Ledger<'a> {
    bucket: &'a AtomicU64,
    now: u64,
    spends: bool,
    /// Nanoseconds until the bucket is full, as the call leaves it.
    owed: Cell<u64>,
}

/// Zero o'clock, always.
struct Midnight;

impl BucketQuota {
    /// `count` requests per `per`, `burst` of them at once; the message says how to mend it.
    pub fn new(count: u32, per: Duration, burst: NonZeroU32) -> Result<Self, String> {
        let each = (per / count.max(1)).max(Duration::from_nanos(1));
        if each.checked_mul(burst.get()).is_none_or(|all| all > LONGEST) {
            return Err(format!(
                "a bucket of {burst} at this rate takes over 100 years to fill; lower `burst`"
            ));
        }
        let quota = Quota::with_period(each).expect("a nanosecond at least");
        Ok(Self(quota.allow_burst(burst)))
    }

    /// How many may pass at once.
    pub fn burst(&self) -> u32 {
        self.0.burst_size().get()
    }

    /// In how long an empty bucket is full.
    pub fn fills_in(&self) -> Duration {
        self.0.burst_size_replenished_in()
    }
}

impl Bucket {
    /// What [`take`](Self::take) would say, spending nothing.
    pub fn peek(&self, quota: &BucketQuota, now: Duration) -> Verdict {
        let verdict = self.ask(quota, now, false);
        let remaining = if verdict.allowed { verdict.remaining + 1 } else { 0 };
        Verdict { remaining, ..verdict }
    }

    /// Spends one, if one is left.
    pub fn take(&self, quota: &BucketQuota, now: Duration) -> Verdict {
        self.ask(quota, now, true)
    }

    fn ask(&self, quota: &BucketQuota, now: Duration, spends: bool) -> Verdict {
        let ledger = Ledger {
            bucket: &self.0,
            now: nanos(now),
            spends,
            owed: Cell::new(0),
        };
        let limiter =
            RateLimiter::<NotKeyed, _, _, StateInformationMiddleware>::new(quota.0, ledger, Midnight);
        let (allowed, remaining, retry_after) = match limiter.check() {
            Ok(state) => (true, state.remaining_burst_capacity(), Duration::ZERO),
            Err(until) => (false, 0, until.wait_time_from(Midnight.now())),
        };
        let reset = Duration::from_nanos(limiter.into_state_store().owed.get());
        Verdict {
            allowed,
            remaining,
            reset,
            retry_after,
        }
    }
}

impl Idle for Bucket {
    fn idle(&self, now: Duration) -> bool {
        self.0.load(Ordering::Relaxed) <= nanos(now)
    }
}

impl StateStore for Ledger<'_> {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // One word that guards nothing else: no ordering with other memory is needed.
        let mut full_at = self.bucket.load(Ordering::Relaxed);
        loop {
            let owed = full_at.saturating_sub(self.now);
            self.owed.set(owed);
            let (outcome, owed_then) = decide(Some(Nanos::new(owed)))?;
            if !self.spends {
                return Ok(outcome);
            }
            let full_then = self.now.saturating_add(owed_then.as_u64());
            let stored =
                self.bucket
                    .compare_exchange_weak(full_at, full_then, Ordering::Relaxed, Ordering::Relaxed);
            match stored {
                Ok(_) => {
                    self.owed.set(owed_then.as_u64());
                    return Ok(outcome);
                }
                Err(changed) => full_at = changed,
            }
        }
    }
}

impl Clock for Midnight {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn quota(count: u32, per: Duration, burst: u32) -> BucketQuota {
        BucketQuota::new(count, per, NonZeroU32::new(burst).unwrap()).unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_of_20_lets_20_pass_at_once() {
        let quota = quota(10, SECOND, 20);
        let (bucket, now) = (Bucket::default(), Duration::from_millis(3));
        for request in 0..20 {
            let peeked = bucket.peek(&quota, now);
            let verdict = bucket.take(&quota, now);
            assert!(peeked.allowed && verdict.allowed);
            assert_eq!(
                (peeked.remaining, verdict.remaining),
                (20 - request, 19 - request)
            );
        }
        let refused = bucket.take(&quota, now);
        assert_eq!(refused, bucket.peek(&quota, now));
        assert!(!refused.allowed);
        assert_eq!(
            (refused.retry_after, refused.reset),
            (Duration::from_millis(100), 2 * SECOND)
        );
    }

    #[test]
    fn tokens_come_back_at_the_rate() {
        let quota = quota(10, SECOND, 20);
        let bucket = Bucket::default();
        while bucket.take(&quota, SECOND).allowed {}
        assert!(!bucket.take(&quota, Duration::from_micros(1_099_999)).allowed);
        assert!(bucket.take(&quota, Duration::from_millis(1_100)).allowed);
        assert!(!bucket.idle(3 * SECOND));
        assert!(bucket.idle(3 * SECOND + Duration::from_millis(100)));
        assert_eq!(bucket.peek(&quota, 9 * SECOND).remaining, 20);
        assert_eq!(quota.fills_in(), 2 * SECOND);
    }

    #[test]
    fn refuses_a_bucket_that_never_fills() {
        let year = Duration::from_hours(24 * 365);
        assert!(
            BucketQuota::new(1, year, NonZeroU32::MAX)
                .unwrap_err()
                .contains("lower `burst`")
        );
        assert!(BucketQuota::new(1, Duration::MAX, NonZeroU32::MIN).is_err());
        assert!(BucketQuota::new(u32::MAX, SECOND, NonZeroU32::MAX).is_ok());
        assert!(BucketQuota::new(0, Duration::ZERO, NonZeroU32::MIN).is_ok());
    }

    #[test]
    fn workers_together_spend_no_more_than_the_burst() {
        let (quota, bucket) = (quota(1, Duration::from_hours(1), 1_000), Bucket::default());
        let spend = || (0..1_000).filter(|_| bucket.take(&quota, SECOND).allowed).count();
        let passed: usize = thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(spend)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(passed, 1_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_more_than_burst_and_rate(
            count in 1_u32..20,
            burst in 1_u32..20,
            gaps in prop::collection::vec(0_u64..300, 1..100),
        ) {
            let quota = quota(count, SECOND, burst);
            let bucket = Bucket::default();
            let each = nanos(quota.fills_in()) / u64::from(burst);
            let (mut now, mut taken) = (0, Vec::new());
            for gap in gaps {
                now += gap * 1_000_000;
                let verdict = bucket.take(&quota, Duration::from_nanos(now));
                if verdict.allowed {
                    taken.push(now);
                } else {
                    let back = now + nanos(verdict.retry_after);
                    prop_assert!(bucket.peek(&quota, Duration::from_nanos(back)).allowed);
                    prop_assert!(!bucket.peek(&quota, Duration::from_nanos(back - 1)).allowed);
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let passed = (last - first) as u64 + 1;
                    prop_assert!(passed * each <= u64::from(burst) * each + (to - from));
                }
            }
        }
    }
}
