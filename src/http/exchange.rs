//! The request in flight, as every protection sees it: head, who calls, which connection, and what has
//! been noted so far. It knows neither policy nor gateway, so a rule can be tested with a request alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, request};

use crate::http::body::Body;
use crate::http::client::Caller;
use crate::http::connection::Connection;
use crate::http::quota::Quota;

/// An answer, ours or the upstream's.
pub type Response = http::Response<Body>;

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
        self.client.https.unwrap_or(self.connection.facts.secure)
    }
}
