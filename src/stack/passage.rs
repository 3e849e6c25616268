//! A request on its way through the stack: the exchange, its place in the gateway, and the account of
//! what became of it. It is boxed once and handed in and back out, so moving it costs one pointer.
//! Whoever drops it, for whatever reason, closes the account: no request goes unlogged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use http_body::Body as _;
use tokio::sync::watch;

use crate::gateway::live::Holder;
use crate::http::body::RequestBody;
use crate::http::consent::Consent;
use crate::http::exchange::{Exchange, Response};
use crate::http::extended_connect::Stream;
use crate::http::flow::End;
use crate::http::refusal::Refusal;
use crate::http::trace::Trace;
use crate::observe::access_log;
use crate::observe::{crashes, metrics};
use crate::stack::place::Place;
use crate::stack::words::Kind;
use crate::upstream::tunnel::Link;
use crate::upstream::watch::Upload;

mod closing;
mod line;

/// What one worker brings to its requests.
pub struct Lane {
    /// The worker's hold on the live gateway.
    pub holder: Holder,
    /// The worker's buffer of log lines; none where the access log is off.
    pub log: Option<access_log::Lane>,
    /// The way to crash reports; none where they are off.
    pub crashes: Option<crashes::Lane>,
    /// The time to finish is over: what ends unfinished from now on was cut by us, not left by its client.
    pub leaving: watch::Sender<bool>,
}

impl Lane {
    /// The time to finish is over.
    pub fn leave(&self) {
        self.leaving.send_replace(true);
    }
}

/// A request on its way.
pub struct Passage {
    /// What the protections see.
    pub exchange: Exchange,
    /// Where it belongs.
    pub place: Place,
    /// The request body, until it is forwarded.
    pub body: Option<RequestBody>,
    /// A fault of framing or addressing, found before routing.
    pub fault: Option<Refusal>,
    /// Why no route took it.
    pub miss: Option<Refusal>,
    /// It is a gRPC call, and told "no" as such. Known once it is forwarded; before that its headers tell.
    pub grpc: bool,
    /// By when its client wants the answer to a gRPC call.
    pub deadline: Option<Instant>,
    /// The trace it belongs to.
    pub trace: Trace,
    /// The request body on its way to the upstream.
    pub upload: Option<Arc<Upload>>,
    /// Whether the upstream wants that body, where the client waits to be told.
    pub consent: Option<Arc<Consent>>,
    /// The connection to the upstream, once that has switched protocols.
    pub switched: Option<Box<Link>>,
    /// Its stream, over HTTP/2.
    pub stream: Option<Stream>,
    /// The worker.
    pub lane: Arc<Lane>,
    /// What became of it.
    pub ledger: Ledger,
}

/// What became of a request.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The status of the answer; 0 before there is one.
    pub status: u16,
    /// Until the head of the answer.
    pub head: Option<Duration>,
    /// Bytes of the answer's body, or that a tunnel brought to the client.
    pub bytes_out: u64,
    /// Bytes that a tunnel brought to the upstream.
    pub bytes_in: u64,
    /// Counts it among the open streams.
    pub stream: Option<metrics::Held>,
    /// No stream, and yet its silence is bounded by `stream.idle`.
    pub patient: bool,
    /// It has no client, and leaves no line.
    pub detached: bool,
    /// The line is written.
    pub closed: bool,
}

/// How a passage travels.
pub type Held = Box<Passage>;

/// An answer on its way out.
pub struct Reply {
    /// The request it answers.
    pub passage: Held,
    /// The answer.
    pub response: Response,
}

/// A refusal on its way out.
pub struct Refused {
    /// The request refused.
    pub passage: Held,
    /// Why.
    pub refusal: Refusal,
}

impl Ledger {
    /// Which keys bound the answer.
    fn kind(&self) -> Kind {
        match (&self.stream, self.patient) {
            (Some(_), _) => Kind::Stream,
            (None, true) => Kind::Patient,
            (None, false) => Kind::Ordinary,
        }
    }
}

impl Passage {
    /// The head of the answer is on its way: count it.
    pub fn head_known(&mut self, status: StatusCode, took: Duration) {
        self.ledger.status = status.as_u16();
        self.ledger.head = Some(took);
        if self.counts() {
            let route = self.place.route();
            route
                .metrics
                .record(&self.exchange.head.method, self.ledger.status, took.as_secs_f64());
            if let Some(level) = route.slow.judge(took) {
                route.metrics.slow.count(level);
            }
        }
    }

    /// Goes with the body of the answer to its end, which closes the account.
    pub(super) fn ride(mut self: Box<Self>, response: &mut Response) {
        if !response.body().is_streamed() {
            self.ledger.bytes_out = response.body().size_hint().exact().unwrap_or_default();
            self.close(End::Complete);
        } else if let Some(passage) = response.body_mut().attend(self) {
            passage.ended(End::Complete);
        }
    }

    /// Whether it may become a tunnel over a stream of HTTP/2.
    pub fn is_connect(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.tunnel.is_some())
    }

    /// Whether the client may still be sending.
    fn has_unread_body(&self) -> bool {
        match &self.upload {
            Some(upload) => !upload.is_complete(),
            None => self.body.is_some(),
        }
    }

    /// Counts it among the requests under way, until it is closed.
    pub(super) fn counted(self: Box<Self>) -> Box<Self> {
        if self.is_traffic() {
            self.place.snapshot.metrics.in_flight.inc();
        }
        self
    }

    /// Whether this is a request as others have, and not one that an operator's tools make.
    fn is_traffic(&self) -> bool {
        !self.place.own && !self.exchange.connection.facts.entrance.is_admin()
    }

    /// Whether this belongs in the request metrics and the access log: our own health and metrics pages do
    /// not (trap T20), unless they were refused to the public.
    fn counts(&self) -> bool {
        let refused = self.exchange.notes.refusal.is_some();
        !self.place.own || refused && !self.exchange.connection.facts.entrance.is_admin()
    }
}

impl Passage {
    /// Whether it leaves a line in the access log.
    pub(super) fn is_logged(&self) -> bool {
        self.place.route().log && self.counts() && !self.ledger.detached
    }
}
