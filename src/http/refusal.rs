//! Every reason the gateway itself says no, and what follows from it: status, stable code, who is to
//! blame, whether the connection may live on. Adding a variant does not compile until all are chosen.
//! The client sees the words of `Display` and the code; what lies behind stays in the log.

use http::{HeaderValue, StatusCode};

use crate::http::guard::fault::Fault;
use crate::http::host::HostFault;
use crate::http::quota::Quota;
use crate::http::vet;

pub use blame::Blame;
pub use deadline::Deadline;

mod after;
mod blame;
mod codes;
mod deadline;
mod malformed;
mod reason;

/// The status nginx made usual for a client that left before its answer; sent to nobody.
pub const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Why the gateway answers instead of the upstream. What is large in it is boxed: every request has the room for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes of the head are not HTTP/1.1, or HTTP that two parsers read in two ways (RFC 9112).
    #[error("{0}")]
    RequestMalformed(Fault),
    /// A version of HTTP other than 1.0, 1.1 and 2.
    #[error("this version of HTTP is not spoken here; send HTTP/1.1")]
    VersionUnsupported,
    /// A transfer coding before `chunked` (RFC 9112 §6.1).
    #[error("only the transfer coding `chunked` is understood; send the body without others")]
    CodingUnsupported,
    /// A head larger than the listener's `max_head`.
    #[error("the head is larger than {0} bytes")]
    HeadTooLarge(usize),
    /// The `Host` header or the target's authority is missing, repeated, malformed or in conflict (RFC 9112 §3.2).
    #[error("{0}")]
    HostInvalid(HostFault),
    /// The target is no path, or holds bytes that must be escaped (RFC 9112 §3.2, RFC 3986 §2).
    #[error("the request target must be an absolute path of visible ASCII characters, without a fragment")]
    TargetInvalid,
    /// The path has other segments once decoded, so that to rewrite it would be to guess.
    #[error(
        "the path has empty, dot or escaped segments, which this route does not take; send its plain form"
    )]
    TargetAmbiguous,
    /// The path has several readings, and they lead to different routes: who guards one would not guard the other.
    #[error("the path can be read in several ways that lead to different routes; send its plain form")]
    PathAmbiguous,
    /// It has for its parameters alone.
    #[error(
        "the path leads to another route without its `;parameters`; if the application ignores those, set `[gateway] path_parameters = \"ignore\"`"
    )]
    PathParameters,
    /// The client shook hands for another name than it asks for (RFC 9110 §15.5.20).
    #[error("this connection is for another host; open one for this host")]
    Misdirected,
    /// A login that holds for a connection, over a version in which many requests share one (RFC 9113 §7).
    #[error("this login holds for a connection; send it over HTTP/1.1")]
    LoginOverHttp2,
    /// `Expect` holds more than `100-continue` (RFC 9110 §15.5.18).
    #[error("only `100-continue` can be expected here")]
    ExpectationFailed,
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
    /// A page of another origin opens a WebSocket, with its visitor's cookies (RFC 6455 §10.2).
    #[error("a page of this origin may not open a WebSocket here")]
    OriginDenied,
    /// No route matches.
    #[error("no route matches this host and path")]
    NotFound,
    /// A route matches the path, none the method. The value lists those that do.
    #[error("the method is not allowed here")]
    MethodNotAllowed(Box<HeaderValue>),
    /// The body is larger than the route's `max_body`.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(u64),
    /// The body has no length, and the server knows no chunks (RFC 9110 §15.5.12).
    #[error("the body must be sent with its length")]
    LengthRequired,
    /// What may be kept of request bodies on disk is all in use.
    #[error("the gateway has no room for this body now")]
    RequestBufferFull,
    /// A deadline of the client's ran out.
    #[error("the request did not arrive in time")]
    RequestTimeout(Deadline),
    /// A named limit is used up.
    #[error("too many requests")]
    RateLimited(Box<Quota>),
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
    /// The listener or the client has all the connections it may have; said before a request is read.
    #[error("too many connections")]
    TooManyConnections,
    /// The gateway has no file, port or memory left for one more connection.
    #[error("the gateway is out of resources")]
    Exhausted,
    /// None of the upstream's names has an address (yet).
    #[error("the application cannot be found")]
    UpstreamUnresolved,
    /// No server of the upstream accepts a connection.
    #[error("the application cannot be reached")]
    UpstreamUnreachable,
    /// The upstream's certificate is not one it can be trusted by.
    #[error("the application did not prove who it is")]
    UpstreamUntrusted,
    /// The TLS handshake with the upstream came to nothing.
    #[error("the application cannot be reached by TLS")]
    UpstreamTls,
    /// The connection ended before the answer began.
    #[error("the application closed the connection without an answer")]
    UpstreamClosed,
    /// What came back is not HTTP, or tells its length in two ways.
    #[error("the application's answer is not valid HTTP")]
    UpstreamInvalid(vet::Fault),
    /// The upstream took too long.
    #[error("the application did not answer in time")]
    UpstreamTimeout(Deadline),
    /// What follows the head is no body (RFC 9112 §7.1).
    #[error("{0}")]
    BodyInvalid(Fault),
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
            Self::RequestMalformed(_)
            | Self::HostInvalid(_)
            | Self::TargetInvalid
            | Self::TargetAmbiguous
            | Self::PathAmbiguous
            | Self::PathParameters
            | Self::ConnectionHeader
            | Self::TlsRequired
            | Self::BodyInvalid(_) => StatusCode::BAD_REQUEST,
            Self::ClientGone => {
                StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::TargetTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::TooManyHeaders(_) | Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::MethodRefused | Self::CodingUnsupported => StatusCode::NOT_IMPLEMENTED,
            Self::VersionUnsupported | Self::LoginOverHttp2 => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::AccessDenied | Self::OriginDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::LengthRequired => StatusCode::LENGTH_REQUIRED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited(_) | Self::TooManyInFlight | Self::TooManyStreams => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::TooManyConnections
            | Self::Exhausted
            | Self::RequestBufferFull
            | Self::UpstreamBusy
            | Self::UpstreamQueueTimeout
            | Self::UpstreamUnresolved => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamUnreachable
            | Self::UpstreamUntrusted
            | Self::UpstreamTls
            | Self::UpstreamClosed
            | Self::UpstreamInvalid(_) => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name: in the answer, as metric label and as log field.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RequestMalformed(_) => "request_malformed",
            Self::VersionUnsupported => "version_unsupported",
            Self::LoginOverHttp2 => "http_1_1_required",
            Self::CodingUnsupported => "coding_unsupported",
            Self::HeadTooLarge(_) => "head_too_large",
            Self::HostInvalid(_) => "host_invalid",
            Self::TargetInvalid | Self::TargetAmbiguous | Self::PathAmbiguous | Self::PathParameters => {
                "target_invalid"
            }
            Self::Misdirected => "misdirected",
            Self::ExpectationFailed => "expectation_failed",
            Self::TooManyConnections => "too_many_connections",
            Self::Exhausted => "exhausted",
            Self::TargetTooLong(_) => "target_too_long",
            Self::TooManyHeaders(_) => "too_many_headers",
            Self::TlsRequired => "tls_required",
            Self::MethodRefused => "method_refused",
            Self::ConnectionHeader => "connection_header",
            Self::AccessDenied => "access_denied",
            Self::OriginDenied => "origin_denied",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::LengthRequired => "length_required",
            Self::RequestBufferFull => "request_buffer_full",
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
            Self::UpstreamUntrusted => "upstream_untrusted",
            Self::UpstreamTls => "upstream_tls",
            Self::UpstreamClosed => "upstream_closed",
            Self::UpstreamInvalid(_) => "upstream_invalid",
            Self::UpstreamTimeout(_) => "upstream_timeout",
            Self::BodyInvalid(_) => "body_invalid",
            Self::ClientGone => "client_gone",
            Self::Internal => "internal",
        }
    }
}

#[cfg(test)]
mod tests;
