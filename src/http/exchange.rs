//! The request in flight, as every protection sees it: head, who calls, which connection, and what has
//! been noted so far. It knows neither policy nor gateway, so a rule can be tested with a request alone.

use std::any::Any;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::{HeaderValue, request};
use tokio::sync::watch;

use crate::http::body::Body;
use crate::http::client::Caller;
use crate::http::gzip::encoders::Encoders;
use crate::http::handover::Handover;
use crate::http::phase::Phase;
use crate::http::unread::Unread;

/// An answer, ours or the upstream's.
pub type Response = http::Response<Body>;

/// Which kind of listener a connection came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Entrance {
    /// One for everybody: requests are routed.
    #[default]
    Public,
    /// The operator's own: health, and metrics for those who may read them; nothing is routed.
    Admin,
}

impl Entrance {
    /// Whether it is the operator's own.
    pub fn is_admin(self) -> bool {
        self != Self::Public
    }
}

/// What is known of the client's connection; the same for all its requests.
#[derive(Debug)]
pub struct Connection {
    /// The other end of the socket: the client, or a proxy before us.
    pub peer: SocketAddr,
    /// Its address as the value of a header, written once for all requests.
    pub peer_written: HeaderValue,
    /// Our end of it, where servers are told.
    pub local: Option<SocketAddr>,
    /// Which worker serves it, counted from 0; picks the worker's own lane of pools and buffers.
    pub worker: usize,
    /// Whether TLS ends here.
    pub secure: bool,
    /// The name the client asked for in its TLS handshake (SNI), in lower case.
    pub sni: Option<Box<str>>,
    /// What the certificate is for that it was shown: names, and `*.suffix`.
    pub names: Arc<[String]>,
    /// Which kind of listener it came in by.
    pub entrance: Entrance,
    /// The port of https that its plain requests are sent to, if they are.
    pub redirect_to_https: Option<NonZeroU16>,
    /// The longest request target the listener lets in, in bytes.
    pub max_target: u64,
    /// The most fields of a request head the listener lets in.
    pub max_headers: usize,
    /// What it waits for.
    pub phase: Arc<Phase>,
    /// What goes on with it after an answer that switches protocols.
    pub handover: Handover,
    /// Connections to servers that are its own.
    pub pinned: Pinned,
    /// What of it could not be read.
    pub unread: Unread,
    /// Answers of it that are being gzipped.
    pub encoders: Encoders,
    /// Becomes true when its listener closes.
    pub closing: watch::Receiver<bool>,
}

/// Where connections to servers wait that belong to one connection of a client. Empty for nearly all. What is in it is
/// known to those who speak with servers.
pub type Pinned = OnceLock<Arc<dyn Any + Send + Sync>>;

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

/// Something taken for the length of the request, given back when dropped.
pub struct Permit(Arc<dyn Release>);

/// What a [`Permit`] is given back to.
pub trait Release: Send + Sync {
    /// Gives one unit back.
    fn release(&self);
}

impl Permit {
    /// A permit for one unit that has been taken from `from`.
    pub fn new(from: Arc<dyn Release>) -> Self {
        Self(from)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// What a request holds.
#[derive(Debug, Default)]
pub struct Permits {
    /// A place among the client's requests in flight; given up when the answer turns out to be a stream.
    pub in_flight: Option<Permit>,
    /// A place among the client's open streams.
    pub stream: Option<Permit>,
    /// A place at the upstream.
    pub upstream: Option<Permit>,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permit")
    }
}

/// What the log line says beside the head.
#[derive(Debug, Default)]
pub struct Notes {
    /// The code of the refusal, if the answer is one.
    pub refusal: Option<&'static str>,
    /// What more there is to say of it: the fault in the bytes, the deadline. Of an error of the upstream: by which
    /// signature it leaks, replaced or not.
    pub reason: Option<&'static str>,
    /// Guards in shadow that would have refused.
    pub shadowed: Vec<Arc<str>>,
    /// What the limits leave.
    pub quota: Option<Quota>,
    /// The upstream's body was replaced.
    pub masked: bool,
    /// The way to the upstream.
    pub trip: Trip,
}

/// The way to the upstream and back, for the log.
#[derive(Debug, Default, Clone)]
pub struct Trip {
    /// The address asked last.
    pub server: Option<SocketAddr>,
    /// How many requests were sent, retries included.
    pub attempts: u32,
    /// Whether it logs its connection in: then nobody else may use that.
    pub login: bool,
    /// Wait in the upstream's queue.
    pub queued: Option<Duration>,
    /// Time to connect; none on a connection that was kept.
    pub connect: Option<Duration>,
    /// From sending the request to the head of the answer.
    pub first_byte: Option<Duration>,
}

/// The request in flight.
#[derive(Debug)]
pub struct Exchange {
    /// Method, target, version, headers. The headers are gone once the request is forwarded.
    pub head: request::Parts,
    /// The length of the request body if the head tells it; `None` for a chunked one.
    pub body_length: Option<u64>,
    /// The connection it came on.
    pub connection: Arc<Connection>,
    /// Who calls.
    pub client: Caller,
    /// The request id: the client's if well-formed, else ours.
    pub request_id: HeaderValue,
    /// When the head had arrived.
    pub arrived: Instant,
    /// What is held until the last byte of the answer has left.
    pub permits: Permits,
    /// For the log.
    pub notes: Notes,
}

impl Exchange {
    /// Whether the client speaks https, to us or to a trusted proxy that says so.
    pub fn is_https(&self) -> bool {
        self.client.https.unwrap_or(self.connection.secure)
    }
}
