//! What is left of a limit, for whom it is told: the client, the log, `explain`.

use std::time::Duration;

/// What is left of the tightest limit of a route (draft-ietf-httpapi-ratelimit-headers-11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Which limit, by its place among the route's.
    pub limit: usize,
    /// Requests still allowed now.
    pub remaining: u32,
    /// Until quota comes back.
    pub reset: Duration,
    /// Until the next request would pass; zero if one would now.
    pub retry_after: Duration,
}
