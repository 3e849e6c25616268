//! Every reason the gateway itself says no, and what follows from it: status, stable code, who is to
//! blame, whether the connection may live on. Adding a variant does not compile until all are chosen.
//! The client sees the words of `Display` and the code; what lies behind stays in the log.

use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::http::exchange::Quota;
use crate::http::host::HostFault;
use crate::http::vet::Fault;

/// The status nginx made usual for a client that left before its answer; sent to nobody.
pub const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Which of the route's deadlines ran out; named in the answer, the log and the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The request head did not arrive in time.
    RequestHead,
    /// No byte of the request body for too long.
    RequestBodyIdle,
    /// The request body trickles.
    RequestBodyMinRate,
    /// No connection to the upstream in time.
    Connect,
    /// The upstream did not begin its answer in time.
    ResponseHead,
    /// The whole way to the response head took too long.
    Total,
}

impl Deadline {
    /// The key in `[defaults.timeouts]`, in a listener or in an upstream that set it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestHead => "request_head",
            Self::RequestBodyIdle => "request_body_idle",
            Self::RequestBodyMinRate => "request_body_min_rate",
            Self::Connect => "connect",
            Self::ResponseHead => "response_head",
            Self::Total => "total",
        }
    }
}

/// Who has to change something for the request to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The client.
    Client,
    /// This gateway.
    Gateway,
    /// The application behind it.
    Upstream,
}

/// Why the gateway answers instead of the upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The `Host` header or the target's authority is missing, repeated, malformed or in conflict (RFC 9112 §3.2).
    #[error("{0}")]
    HostInvalid(HostFault),
    /// The target is no path (RFC 9112 §3.2).
    #[error("the request target must be an absolute path")]
    TargetInvalid,
    /// The path has other segments once decoded, so that to rewrite it would be to guess.
    #[error(
        "the path has empty, dot or escaped segments, which this route does not take; send its plain form"
    )]
    TargetAmbiguous,
    /// The target is longer than the listener's `max_target`.
    #[error("the request target is longer than {0} bytes")]
    TargetTooLong(u64),
    /// More fields than the listener's `max_headers`; in HTTP/1.1 the parser stops before it gets here.
    #[error("the request has more than {0} header fields")]
    TooManyHeaders(usize),
    /// Plain HTTP on a listener that speaks TLS.
    #[error("this port speaks https only")]
    TlsRequired,
    /// TRACE reflects credentials, CONNECT turns a gateway into an open relay.
    #[error("this method is not passed on")]
    MethodRefused,
    /// `Connection` names a header that must reach the upstream (an attempt to strip it).
    #[error("the `Connection` header names an end-to-end header")]
    ConnectionHeader,
    /// The route is not open to this client's address.
    #[error("this is not open to your address")]
    AccessDenied,
    /// No route matches.
    #[error("no route matches this host and path")]
    NotFound,
    /// A route matches the path, none the method. The value lists those that do.
    #[error("the method is not allowed here")]
    MethodNotAllowed(HeaderValue),
    /// The body is larger than the route's `max_body`.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(u64),
    /// A deadline of the client's ran out.
    #[error("the request did not arrive in time")]
    RequestTimeout(Deadline),
    /// A named limit is used up.
    #[error("too many requests")]
    RateLimited(Quota),
    /// The client has too many requests under way.
    #[error("too many requests under way from this client")]
    TooManyInFlight,
    /// The client has too many streams open.
    #[error("too many streams open from this client")]
    TooManyStreams,
    /// The upstream's cap and its queue are full.
    #[error("the application is busy")]
    UpstreamBusy,
    /// No place came free in the upstream's queue.
    #[error("the application is busy")]
    UpstreamQueueTimeout,
    /// None of the upstream's names has an address (yet).
    #[error("the application cannot be found")]
    UpstreamUnresolved,
    /// No server of the upstream accepts a connection.
    #[error("the application cannot be reached")]
    UpstreamUnreachable,
    /// The connection ended before the answer began.
    #[error("the application closed the connection without an answer")]
    UpstreamClosed,
    /// What came back is not HTTP, or tells its length in two ways.
    #[error("the application's answer is not valid HTTP")]
    UpstreamInvalid(Fault),
    /// The upstream took too long.
    #[error("the application did not answer in time")]
    UpstreamTimeout(Deadline),
    /// What follows the head is no body (RFC 9112 §7.1).
    #[error("the request body is malformed")]
    BodyInvalid,
    /// The client's body broke off, so nobody waits for this answer.
    #[error("the request body broke off")]
    ClientGone,
    /// A fault in the gateway itself.
    #[error("the gateway failed to handle this request")]
    Internal,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::HostInvalid(_)
            | Self::TargetInvalid
            | Self::TargetAmbiguous
            | Self::ConnectionHeader
            | Self::TlsRequired
            | Self::BodyInvalid => StatusCode::BAD_REQUEST,
            Self::ClientGone => {
                StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::TargetTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::TooManyHeaders(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::MethodRefused => StatusCode::NOT_IMPLEMENTED,
            Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited(_) | Self::TooManyInFlight | Self::TooManyStreams => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::UpstreamBusy | Self::UpstreamQueueTimeout | Self::UpstreamUnresolved => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::UpstreamUnreachable | Self::UpstreamClosed | Self::UpstreamInvalid(_) => {
                StatusCode::BAD_GATEWAY
            }
            Self::UpstreamTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name: in the answer, as metric label and as log field.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HostInvalid(_) => "host_invalid",
            Self::TargetInvalid | Self::TargetAmbiguous => "target_invalid",
            Self::TargetTooLong(_) => "target_too_long",
            Self::TooManyHeaders(_) => "too_many_headers",
            Self::TlsRequired => "tls_required",
            Self::MethodRefused => "method_refused",
            Self::ConnectionHeader => "connection_header",
            Self::AccessDenied => "access_denied",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::RequestTimeout(Deadline::RequestHead) => "request_head_timeout",
            Self::RequestTimeout(_) => "request_body_timeout",
            Self::RateLimited(_) => "rate_limited",
            Self::TooManyInFlight => "too_many_in_flight",
            Self::TooManyStreams => "too_many_streams",
            Self::UpstreamBusy => "upstream_busy",
            Self::UpstreamQueueTimeout => "upstream_queue_timeout",
            Self::UpstreamUnresolved => "upstream_unresolved",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamClosed => "upstream_closed",
            Self::UpstreamInvalid(_) => "upstream_invalid",
            Self::UpstreamTimeout(_) => "upstream_timeout",
            Self::BodyInvalid => "body_invalid",
            Self::ClientGone => "client_gone",
            Self::Internal => "internal",
        }
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self.status().as_u16() {
            400..=499 | 501 => Blame::Client,
            500 => Blame::Gateway,
            _ => Blame::Upstream,
        }
    }

    /// Whether the client's connection must end with this answer: after a fault of framing nothing that
    /// follows on it can be trusted, and a body that was not read to its end stands in the way.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Self::HostInvalid(_)
                | Self::TargetInvalid
                | Self::ConnectionHeader
                | Self::TlsRequired
                | Self::MethodRefused
                | Self::BodyTooLarge(_)
                | Self::RequestTimeout(_)
                | Self::BodyInvalid
                | Self::ClientGone
        )
    }

    /// How long the client does well to wait before it tries again; never zero (that invites an instant retry).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(quota) => Some(quota.retry_after),
            Self::TooManyInFlight
            | Self::TooManyStreams
            | Self::UpstreamBusy
            | Self::UpstreamQueueTimeout
            | Self::UpstreamUnresolved
            | Self::UpstreamUnreachable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// What was wrong, where one code stands for many faults: for the log, not for the client.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::UpstreamInvalid(fault) => Some(fault.name()),
            _ => None,
        }
    }

    /// The deadline that ran out, if that is the reason.
    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::RequestTimeout(deadline) | Self::UpstreamTimeout(deadline) => Some(*deadline),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blame_follows_from_the_status() {
        assert_eq!(Refusal::NotFound.blame(), Blame::Client);
        assert_eq!(Refusal::UpstreamClosed.blame(), Blame::Upstream);
        assert_eq!(Refusal::Internal.blame(), Blame::Gateway);
    }

    #[test]
    fn a_deadline_names_the_key_that_set_it() {
        let refusal = Refusal::UpstreamTimeout(Deadline::ResponseHead);
        assert_eq!(refusal.deadline().map(Deadline::name), Some("response_head"));
        assert_eq!(refusal.status(), 504);
    }
}
