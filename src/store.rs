//! Floor 2: state that outlives a request, per client: what has been spent of a limit. Pure rules over small
//! cells, and the one table that holds them. No waiting, no I/O, no clock of its own, and no policy.

use std::time::{Duration, Instant};

pub mod bucket;
pub mod gauge;
pub mod limiter;
pub mod table;
pub mod window;

/// Where the store's time starts: cells keep nanoseconds since then in 64 bits, which last 584 years.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(Instant);

/// What a limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may pass.
    pub allowed: bool,
    /// How many more may pass right now: asked by `peek` this one included, after `take` this one spent.
    pub remaining: u32,
    /// Until all of the limit is there again if nobody comes.
    pub reset: Duration,
    /// Until the next one may pass; zero if this one may. Round up when telling it in seconds.
    pub retry_after: Duration,
}

impl Epoch {
    /// Time starts here.
    pub fn new(start: Instant) -> Self {
        Self(start)
    }

    /// The store's time at `now`.
    pub fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0)
    }
}

/// Nanoseconds, as cells keep them; 584 years at most.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
