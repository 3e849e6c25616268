//! `max_inflight_per_client`: how many requests one client may have under way (seed row 1-02). The count
//! is one per client across all routes; each route has its own bound on it. A place is held until the
//! last byte of the answer has left, so slow downloads count.

use std::sync::Arc;
use std::time::Instant;

use crate::http::exchange::Exchange;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Verdict};
use crate::store::gauge::Clients;

/// The bound of a route.
#[derive(Debug)]
pub struct InFlight {
    /// Requests under way at once.
    pub most: u32,
    /// The count of each client.
    pub clients: Arc<Clients>,
    /// How much of an IPv6 address is one client.
    pub ipv6_prefix: u8,
}

impl Check for InFlight {
    fn check(&self, exchange: &Exchange, now: Instant) -> Verdict {
        match self
            .clients
            .take(exchange.client.ip, self.ipv6_prefix, self.most, now)
        {
            Some(permit) => Verdict::Hold(permit),
            None => Verdict::Refuse(Refusal::TooManyInFlight),
        }
    }
}

impl Describe for InFlight {
    fn describe(&self) -> Vec<String> {
        vec![format!("at most {} under way per client", self.most)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::fixture::exchange;

    #[test]
    fn refuses_one_over_until_a_place_is_given_back() {
        let rule = InFlight {
            most: 2,
            clients: Arc::default(),
            ipv6_prefix: 64,
        };
        let (request, now) = (exchange("GET", "/"), Instant::now());
        let first = rule.check(&request, now);
        let second = rule.check(&request, now);
        assert!(matches!((&first, &second), (Verdict::Hold(_), Verdict::Hold(_))));
        assert!(matches!(
            rule.check(&request, now),
            Verdict::Refuse(Refusal::TooManyInFlight)
        ));
        drop(first);
        assert!(matches!(rule.check(&request, now), Verdict::Hold(_)));
    }
}
