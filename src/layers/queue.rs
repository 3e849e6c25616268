//! `max_inflight` of an upstream: requests beyond it wait in a bounded queue for a bounded time, so the
//! application sees a steady load and the client a clean 503 instead of a pile of timeouts (seed row 0-23).

use std::sync::Arc;
use std::time::Instant;

use crate::http::exchange::Exchange;
use crate::layers::{Around, Describe, Verdict};
use crate::policy::Period;
use crate::upstream::cap::{self, Cap};

/// The place in front of an upstream.
pub struct Queue {
    /// The cap, shared by all routes of the upstream.
    pub cap: Arc<Cap>,
    /// How many may wait, and how long.
    pub queue: cap::Queue,
}

impl Around for Queue {
    async fn ask(&self, exchange: &mut Exchange) -> Verdict {
        let since = Instant::now();
        let entered = self.cap.enter(self.queue).await;
        exchange.notes.trip.queued = Some(Instant::now() - since);
        match entered {
            Ok(permit) => {
                exchange.permits.upstream = Some(permit);
                Verdict::Pass
            }
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }
}

impl Describe for Queue {
    fn describe(&self) -> Vec<String> {
        let cap::Queue { size, timeout } = self.queue;
        vec![
            format!("at most {} requests under way at the upstream", self.cap.max()),
            format!("{size} more may wait, each for {}", Period(timeout)),
        ]
    }
}
