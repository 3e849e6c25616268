//! A token bucket: `burst` may come at once, then they come back at the given rate. A limiter of the `governor`
//! crate decides, one for all keys of a limit; what is ours is the cell of a key, and that one may look without
//! taking, which governor does not offer.
//! nginx's `burst=20 nodelay` lets 21 pass at once, one for the rate and 20 above it; our 20 are 20.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

use crate::store::table::Idle;
use crate::store::{Verdict, nanos};

/// The longest time a bucket may take to fill: sums of times stay far from the end of 64 bits.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 100);

/// How fast a bucket fills and how much it holds, with the limiter that decides for the buckets of all keys.
#[derive(Debug)]
pub struct BucketQuota {
    quota: Quota,
    limiter: RateLimiter<Missing, NoStore, ZeroClock, StateInformationMiddleware>,
}

/// What one key has spent: when the bucket will be full again. Shared by workers without a lock.
#[derive(Debug, Default)]
pub struct Bucket(AtomicU64);

/// Nanoseconds until a bucket is full: what the limiter is given as the key, and where it writes what a request
/// leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Missing(Cell<u64>);

/// The limiter keeps nothing: [`Missing`] comes and goes with each call, and [`Bucket`] keeps it.
#[derive(Debug)]
struct NoStore;

/// Always zero: times are the caller's, relative to now, so that no clock is read.
#[derive(Debug, Clone)]
struct ZeroClock;

impl BucketQuota {
    /// `count` requests per `per`, `burst` of them at once; the message says how to mend it.
    pub fn new(count: u32, per: Duration, burst: NonZeroU32) -> Result<Self, String> {
        let each = (per / count.max(1)).max(Duration::from_nanos(1));
        if each.checked_mul(burst.get()).is_none_or(|all| all > LONGEST) {
            return Err(format!(
                "a bucket of {burst} at this rate takes over 100 years to fill; lower `burst`"
            ));
        }
        let quota = Quota::with_period(each)
            .expect("a nanosecond at least")
            .allow_burst(burst);
        let limiter = RateLimiter::new(quota, NoStore, ZeroClock);
        Ok(Self { quota, limiter })
    }

    /// How many may pass at once.
    pub fn burst(&self) -> u32 {
        self.quota.burst_size().get()
    }

    /// In how long an empty bucket is full.
    pub fn fills_in(&self) -> Duration {
        self.quota.burst_size_replenished_in()
    }

    /// What a request finds whose bucket is full in `missing` nanoseconds, and in how many it is full then.
    fn judge(&self, missing: u64) -> (Verdict, u64) {
        let missing = Missing(Cell::new(missing));
        let (allowed, remaining, retry_after) = match self.limiter.check_key(&missing) {
            Ok(state) => (true, state.remaining_burst_capacity(), Duration::ZERO),
            Err(until) => (false, 0, until.wait_time_from(ZeroClock.now())),
        };
        let left = missing.0.get();
        let verdict = Verdict {
            allowed,
            remaining,
            reset: Duration::from_nanos(left),
            retry_after,
        };
        (verdict, left)
    }
}

impl Bucket {
    /// What [`take`](Self::take) would say, spending nothing.
    pub fn peek(&self, quota: &BucketQuota, now: Duration) -> Verdict {
        let missing = self.0.load(Ordering::Relaxed).saturating_sub(nanos(now));
        let (verdict, _) = quota.judge(missing);
        Verdict {
            remaining: if verdict.allowed { verdict.remaining + 1 } else { 0 },
            reset: Duration::from_nanos(missing),
            ..verdict
        }
    }

    /// Spends one, if one is left.
    pub fn take(&self, quota: &BucketQuota, now: Duration) -> Verdict {
        let now = nanos(now);
        // One word that guards nothing else: no ordering with other memory is needed.
        let mut full_at = self.0.load(Ordering::Relaxed);
        loop {
            let (verdict, left) = quota.judge(full_at.saturating_sub(now));
            if !verdict.allowed {
                return verdict;
            }
            let full_then = now.saturating_add(left);
            let stored =
                self.0
                    .compare_exchange_weak(full_at, full_then, Ordering::Relaxed, Ordering::Relaxed);
            match stored {
                Ok(_) => return verdict,
                Err(changed) => full_at = changed,
            }
        }
    }
}

impl Idle for Bucket {
    fn idle(&self, now: Duration) -> bool {
        self.0.load(Ordering::Relaxed) <= nanos(now)
    }
}

impl StateStore for NoStore {
    type Key = Missing;

    fn measure_and_replace<T, F, E>(&self, missing: &Missing, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, left) = decide(Some(Nanos::new(missing.0.get())))?;
        missing.0.set(left.as_u64());
        Ok(outcome)
    }
}

impl Clock for ZeroClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(0)
    }
}

/// Governor wants keys that can be hashed; nothing hashes this one.
impl Hash for Missing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.get().hash(state);
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
