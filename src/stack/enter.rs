//! Where a request becomes a passage: which gateway serves it, who calls, which route it belongs to.
//! Routing and matching look at the path's normal form; what is forwarded is the path as received.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use futures_util::future::Either;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header, request};
use std::future::{Ready, ready};
use tower::{Layer, Service};

use crate::gateway::Gateway;
use crate::http::body::RequestBody;
use crate::http::client;
use crate::http::connection::Connection;
use crate::http::exchange::{Exchange, Notes, Permits};
use crate::http::extended_connect::Stream;
use crate::http::guard::fault::Fault;
use crate::http::host::Authority;
use crate::http::inflow::Inflow;
use crate::http::refusal::Refusal;
use crate::http::request_id::request_id;
use crate::http::trace::Trace;
use crate::http::{extended_connect, h2, host};
use crate::stack::catch_panic::Identified;
use crate::stack::passage::{Held, Lane, Ledger, Passage, Refused, Reply};
use crate::stack::place::Place;
use crate::stack::spot::{Spot, spot};

/// A request as it comes off its connection.
pub struct Arrival {
    head: request::Parts,
    body: Option<Inflow>,
    body_length: Option<u64>,
    connection: Arc<Connection>,
    lane: Arc<Lane>,
    stream: Option<Stream>,
    request_id: HeaderValue,
    /// When its head was complete.
    pub arrived: Instant,
}

impl Arrival {
    /// Reads the clock and settles the request id. Over HTTP/2 the request has a stream.
    pub fn new(
        request: Request<Inflow>,
        connection: Arc<Connection>,
        lane: Arc<Lane>,
        stream: Option<Stream>,
    ) -> Self {
        let (head, body) = request.into_parts();
        let body_length = if body.is_over() {
            Some(0)
        } else {
            body.size_hint().exact()
        };
        let body = (body_length != Some(0)).then_some(body);
        Self {
            body,
            stream,
            ..Self::without_body(head, body_length, connection, lane)
        }
    }

    /// A request whose body will not be read, with the length it is said to have.
    pub(super) fn without_body(
        head: request::Parts,
        body_length: Option<u64>,
        connection: Arc<Connection>,
        lane: Arc<Lane>,
    ) -> Self {
        let request_id = request_id(&head.headers, SystemTime::now());
        Self {
            head,
            body: None,
            body_length,
            connection,
            lane,
            stream: None,
            request_id,
            arrived: Instant::now(),
        }
    }
}

impl Identified for Arrival {
    fn request_id(&self) -> HeaderValue {
        self.request_id.clone()
    }
}

/// The line of the stack.
pub fn layer() -> EnterLayer {
    EnterLayer
}

/// Made by [`layer`].
#[derive(Clone, Copy)]
pub struct EnterLayer;

/// Makes passages of arrivals.
#[derive(Clone)]
pub struct Enter<N>(N);

impl<N> Layer<N> for EnterLayer {
    type Service = Enter<N>;

    fn layer(&self, next: N) -> Self::Service {
        Enter(next)
    }
}

impl<N: Service<Held>> Service<Arrival> for Enter<N> {
    type Response = N::Response;
    type Error = N::Error;
    type Future = N::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), N::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> N::Future {
        self.0.call(enter(arrival))
    }
}

/// What is known of a request before any layer sees it.
pub(super) fn enter(arrival: Arrival) -> Held {
    let Arrival {
        mut head,
        body,
        body_length,
        connection,
        lane,
        stream,
        request_id,
        arrived,
    } = arrival;
    let snapshot = lane.holder.snapshot();
    if head.version == Version::HTTP_2 {
        h2::unfold(&mut head.headers);
        extended_connect::unfold(&mut head, || fastrand::u128(..).to_ne_bytes());
    }
    let client = client::resolve(connection.facts.peer.ip(), &head.headers, &snapshot.trust);
    let placed = address(&head, &connection).and_then(|authority| {
        let host = authority.as_ref().map(|authority| &*authority.host);
        spot(&snapshot, host, &head, &connection, &client)
    });
    if head.version == Version::HTTP_2 {
        h2::name_host(&mut head);
    }
    let (Spot { route, own, miss }, fault) = match placed {
        Ok(spot) => (spot, None),
        Err(refusal) => {
            connection.unread.name(&mut head);
            (Spot::none(&snapshot), Some(refusal))
        }
    };
    let trace = trace(&head.headers, &snapshot, &request_id);
    Box::new(Passage {
        grpc: false,
        deadline: None,
        trace,
        fault,
        place: Place::new(snapshot, route, own),
        body: body.map(RequestBody::Unread),
        exchange: Exchange {
            head,
            body_length,
            connection,
            client,
            request_id,
            arrived,
            permits: Permits::default(),
            notes: Notes::default(),
        },
        miss,
        upload: None,
        consent: None,
        switched: None,
        lane,
        stream,
        ledger: Ledger::default(),
    })
    .counted()
}

/// A new trace is recorded where crash reports take a sample of them.
fn trace(headers: &HeaderMap, gateway: &Gateway, request_id: &HeaderValue) -> Trace {
    Trace::of(headers, || {
        let sampling = gateway.sentry.as_ref().map(|sentry| &sentry.sampling);
        sampling.is_some_and(|sampling| sampling.takes(request_id.as_bytes()))
    })
}

/// Which host a request is for, or why it is for none (RFC 9112 §3.2).
fn address<'a>(head: &'a request::Parts, connection: &Connection) -> Result<Option<Authority<'a>>, Refusal> {
    // TRACE echoes credentials to whoever asks; CONNECT makes a gateway an open relay.
    if matches!(head.method, Method::TRACE | Method::CONNECT) {
        return Err(Refusal::MethodRefused);
    }
    if target_length(head) > connection.facts.max_target {
        return Err(Refusal::TargetTooLong(connection.facts.max_target));
    }
    if head.headers.len() > connection.facts.max_headers {
        return Err(Refusal::TooManyHeaders(connection.facts.max_headers));
    }
    if !head.uri.path().starts_with('/') {
        return Err(connection.unread.refusal(head));
    }
    // Over HTTP/2 no guard has seen the head.
    if head.version == Version::HTTP_2 {
        h2::judge(head)?;
        if has_padded_length(head) {
            return Err(Refusal::RequestMalformed(Fault::ContentLength));
        }
    }
    host::of_request(head.version, &head.uri, &head.headers).map_err(Refusal::HostInvalid)
}

/// A length with zeros before it is the same number to us, and may be an octal one to somebody else.
fn has_padded_length(head: &request::Parts) -> bool {
    let length = head.headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length.len() > 1 && length.as_bytes().starts_with(b"0"))
}

fn target_length(head: &request::Parts) -> u64 {
    head.uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len() as u64)
}

// === framing ===

/// The line of the stack that refuses what entering found wrong: inside of the edits, so that this
/// answer is dressed like any other.
pub fn framing() -> FramingLayer {
    FramingLayer
}

/// Made by [`framing`].
#[derive(Clone, Copy)]
pub struct FramingLayer;

/// Refuses requests with a fault of framing or addressing.
#[derive(Clone)]
pub struct Framing<N>(N);

impl<N> Layer<N> for FramingLayer {
    type Service = Framing<N>;

    fn layer(&self, next: N) -> Self::Service {
        Framing(next)
    }
}

impl<N: Service<Held, Response = Reply, Error = Refused>> Service<Held> for Framing<N> {
    type Response = Reply;
    type Error = Refused;
    type Future = Either<Ready<Result<Reply, Refused>>, N::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut passage: Held) -> Self::Future {
        match passage.fault.take() {
            Some(refusal) => Either::Left(ready(Err(Refused { passage, refusal }))),
            None => Either::Right(self.0.call(passage)),
        }
    }
}
