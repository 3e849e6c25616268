//! One compiled route: one field per protection, finished for use. Nothing here is parsed, formatted or
//! looked up by name when a request comes.

use std::sync::Arc;
use std::time::Duration;

use crate::http::pace::Pace;
use crate::http::upgrade::Upgrades;
use crate::layers::Guarded;
use crate::layers::access::Access;
use crate::layers::body_limit::BodyLimit;
use crate::layers::compress::Compress;
use crate::layers::cors::Cors;
use crate::layers::fixed::Fixed;
use crate::layers::header_edits::HeaderEdits;
use crate::layers::in_flight::InFlight;
use crate::layers::mask::Mask;
use crate::layers::queue::Queue;
use crate::layers::rate_limit::{QuotaHeaders, RateLimit};
use crate::layers::redirect::Redirect;
use crate::layers::request_buffer::RequestBuffer;
use crate::layers::rewrite::Rewrite;
use crate::layers::security_headers::SecurityHeaders;
use crate::layers::strip_headers::StripHeaders;
use crate::observe::metrics::EndpointMetrics;
use crate::upstream::Upstream;

/// What a route does with a request that passes its guards.
pub enum Target {
    /// Forwards it.
    Upstream(Arc<Upstream>),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Always answers the same.
    Respond(Fixed),
    /// Nowhere: it stands for the requests that match no route.
    Nowhere,
}

/// A compiled route.
pub struct Route {
    /// Its name: the `endpoint` label and the log's `route`.
    pub endpoint: Arc<str>,
    /// Its counters.
    pub metrics: Arc<EndpointMetrics>,
    /// Where its requests go.
    pub target: Target,
    /// Whether its requests are written to the access log.
    pub log: bool,
    /// From when on a request counts as slow.
    pub slow: Slow,
    /// Its deadlines, which forwarding obeys.
    pub waits: Waits,
    /// The path the upstream is asked for; none: the one that was received.
    pub rewrite: Option<Rewrite>,
    /// What the operator changes of the request's headers.
    pub request_headers: Option<HeaderEdits>,
    /// What the operator changes of every answer's headers.
    pub response_headers: Option<HeaderEdits>,
    /// Who may come in.
    pub access: Option<Guarded<Access>>,
    /// Which answers are compressed.
    pub compress: Option<Compress>,
    /// Headers on every answer.
    pub security_headers: Option<SecurityHeaders>,
    /// Headers on no answer.
    pub strip_headers: Option<StripHeaders>,
    /// Cross-origin rules.
    pub cors: Option<Guarded<Cors>>,
    /// Named limits, all of which apply.
    pub limits: Vec<Guarded<RateLimit>>,
    /// What the limits leave, told to the client.
    pub quota_headers: Option<QuotaHeaders>,
    /// The largest body.
    pub body_limit: Option<Guarded<BodyLimit>>,
    /// Requests under way per client.
    pub in_flight: Option<Guarded<InFlight>>,
    /// Protocols that may take over a connection.
    pub upgrades: Upgrades,
    /// Streams open per client, asked when an answer turns out to be one.
    pub streams: Option<InFlight>,
    /// Whether bodies are kept until they are whole.
    pub request_buffer: Option<RequestBuffer>,
    /// The place in front of the upstream.
    pub queue: Option<Guarded<Queue>>,
    /// Which error bodies are replaced.
    pub mask: Option<Mask>,
}

/// When a request is slow, until the head of its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slow {
    /// Worth a warning.
    pub warn: Option<Duration>,
    /// Worth an error.
    pub error: Option<Duration>,
}

impl Slow {
    /// `"error"`, `"warn"` or nothing, for a request that took this long.
    pub fn judge(&self, took: Duration) -> Option<&'static str> {
        let over = |limit: Option<Duration>| limit.is_some_and(|limit| took >= limit);
        if over(self.error) {
            Some("error")
        } else {
            over(self.warn).then_some("warn")
        }
    }
}

/// The deadlines of a route.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// From the sent request to the head of the answer.
    pub response_head: Option<Duration>,
    /// From the arrival to the head of the answer.
    pub response_head_total: Option<Duration>,
    /// How the request body must flow.
    pub request: Pace,
    /// How the body of an ordinary answer must flow.
    pub response: Pace,
    /// An ordinary answer whose length is not told may be as silent as a stream.
    pub patient: bool,
    /// How long the client may take nothing of an ordinary answer.
    pub client_stall: Option<Duration>,
    /// Bytes a second that the client must take of it.
    pub min_rate: Option<u64>,
    /// How the body of a stream must flow.
    pub stream: Pace,
    /// How long a stream may last.
    pub stream_max: Option<Duration>,
    /// Event streams end between two events when the gateway stops; else they run on.
    pub ends_on_drain: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_is_judged_by_the_higher_mark_first() {
        let slow = Slow {
            warn: Some(Duration::from_millis(500)),
            error: Some(Duration::from_millis(1500)),
        };
        assert_eq!(slow.judge(Duration::from_millis(499)), None);
        assert_eq!(slow.judge(Duration::from_millis(500)), Some("warn"));
        assert_eq!(slow.judge(Duration::from_millis(1500)), Some("error"));
    }
}
