//! `max_inflight_per_client`: how many requests one client may have under way (seed row 1-02). The count
//! is one per client across all routes; each route has its own bound on it. A place is held until the
//! last byte of the answer has left, so slow downloads count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::http::exchange::{Exchange, Permit, Release};
use crate::http::refusal::Refusal;
use crate::layers::{Check, Verdict};
use crate::store::table::{Idle, Key, Table};

/// How many of something one client has.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU32);

impl Gauge {
    /// Takes one more if fewer than `most` are taken.
    pub fn take(self: Arc<Self>, most: u32) -> Option<Permit> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            (taken < most).then(|| taken + 1)
        });
        taken.is_ok().then(|| Permit::new(self))
    }
}

impl Release for Gauge {
    fn release(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Idle for Gauge {
    fn idle(&self, _now: Instant) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// The bound of a route.
#[derive(Debug)]
pub struct InFlight {
    /// Requests under way at once.
    pub most: u32,
    /// The count of each client.
    pub clients: Arc<Table<Gauge>>,
    /// How much of an IPv6 address is one client.
    pub ipv6_prefix: u8,
}

impl Check for InFlight {
    fn check(&self, exchange: &Exchange, now: Instant) -> Verdict {
        let client = self.clients.entry(Key::address(exchange.client.ip, self.ipv6_prefix), now);
        match client.take(self.most) {
            Some(permit) => Verdict::Hold(permit),
            None => Verdict::Refuse(Refusal::TooManyInFlight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::fixture::exchange;

    #[test]
    fn refuses_one_over_until_a_place_is_given_back() {
        let rule = InFlight { most: 2, clients: Arc::default(), ipv6_prefix: 64 };
        let (request, now) = (exchange("GET", "/"), Instant::now());
        let first = rule.check(&request, now);
        let second = rule.check(&request, now);
        assert!(matches!((&first, &second), (Verdict::Hold(_), Verdict::Hold(_))));
        assert!(matches!(rule.check(&request, now), Verdict::Refuse(Refusal::TooManyInFlight)));
        drop(first);
        assert!(matches!(rule.check(&request, now), Verdict::Hold(_)));
    }
}
