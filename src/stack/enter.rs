//! Where a request becomes a passage: which gateway serves it, who calls, which route it belongs to.
//! Routing and matching look at the path's normal form; what is forwarded is the path as received.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use futures_util::future::Either;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header, request};
use http_body::Body as _;
use hyper::body::Incoming;
use std::future::{Ready, ready};
use tower::{Layer, Service};

use crate::gateway::Gateway;
use crate::gateway::router::Found;
use crate::http::client;
use crate::http::exchange::{Connection, Exchange, Notes, Permits};
use crate::http::refusal::Refusal;
use crate::http::request_id::request_id;
use crate::http::trace::Trace;
use crate::http::{extended_connect, h2, host, path};
use crate::layers::{cors, own};
use crate::stack::catch_panic::Identified;
use crate::stack::passage::{Held, Lane, Ledger, Passage, Place, Refused, Reply};

/// A request as it comes off its connection.
pub struct Arrival {
    head: request::Parts,
    body: Option<Incoming>,
    body_length: Option<u64>,
    connection: Arc<Connection>,
    lane: Arc<Lane>,
    request_id: HeaderValue,
    /// When its head was complete.
    pub arrived: Instant,
}

impl Arrival {
    /// Reads the clock and settles the request id.
    pub fn new(request: Request<Incoming>, connection: Arc<Connection>, lane: Arc<Lane>) -> Self {
        let (head, body) = request.into_parts();
        let body_length = if body.is_end_stream() {
            Some(0)
        } else {
            body.size_hint().exact()
        };
        let body = (body_length != Some(0)).then_some(body);
        Self {
            body,
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
        request_id,
        arrived,
    } = arrival;
    let snapshot = lane.holder.snapshot();
    snapshot.metrics.in_flight.inc();
    if head.version == Version::HTTP_2 {
        h2::unfold(&mut head.headers);
        extended_connect::unfold(&mut head, || fastrand::u128(..).to_ne_bytes());
    }
    let client = client::resolve(connection.peer.ip(), &head.headers, &snapshot.trust);
    let addressed = address(&head, &connection);
    if head.version == Version::HTTP_2 && addressed.is_ok() {
        h2::name_host(&mut head);
    }
    let (route, own, miss) = match &addressed {
        Ok(_) if connection.entrance.is_admin() => (snapshot.fallback(), true, None),
        Ok(host) => place(&snapshot, host.as_deref(), &head),
        Err(_) => (snapshot.fallback(), false, None),
    };
    let trace = Trace::of(&head.headers, || {
        snapshot
            .sentry
            .as_ref()
            .is_some_and(|sentry| sentry.sampling.takes(request_id.as_bytes()))
    });
    Box::new(Passage {
        trace,
        host: head.headers.get(header::HOST).cloned(),
        user_agent: head.headers.get(header::USER_AGENT).cloned(),
        fault: addressed.err(),
        place: Place { snapshot, route, own },
        body,
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
        switched: None,
        lane,
        ledger: Ledger::default(),
    })
}

/// Which host a request is for, or why it is for none (RFC 9112 §3.2).
fn address(head: &request::Parts, connection: &Connection) -> Result<Option<String>, Refusal> {
    // TRACE echoes credentials to whoever asks; CONNECT makes a gateway an open relay.
    if matches!(head.method, Method::TRACE | Method::CONNECT) {
        return Err(Refusal::MethodRefused);
    }
    if target_length(head) > connection.max_target {
        return Err(Refusal::TargetTooLong(connection.max_target));
    }
    if head.headers.len() > connection.max_headers {
        return Err(Refusal::TooManyHeaders(connection.max_headers));
    }
    if !head.uri.path().starts_with('/') {
        return Err(Refusal::TargetInvalid);
    }
    match host::of_request(head.version, &head.uri, &head.headers) {
        Ok(authority) => Ok(authority.map(|authority| authority.host.into_owned())),
        Err(fault) => Err(Refusal::HostInvalid(fault)),
    }
}

fn target_length(head: &request::Parts) -> u64 {
    head.uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len() as u64)
}

/// The route, whether it is an endpoint of our own, and why there is none.
fn place(gateway: &Gateway, host: Option<&str>, head: &request::Parts) -> (usize, bool, Option<Refusal>) {
    let path = path::normal_form(head.uri.path());
    if own::is_own(&path) {
        return (gateway.fallback(), true, None);
    }
    match gateway.router.find(
        host,
        &path,
        method_asked_for(&head.method, &head.headers)
            .as_ref()
            .unwrap_or(&head.method),
    ) {
        Found::Route(route) => (route, false, None),
        Found::MethodNotAllowed(allow) => (gateway.fallback(), false, Some(Refusal::MethodNotAllowed(allow))),
        Found::NotFound => (gateway.fallback(), false, None),
    }
}

/// A preflight asks for another method; it belongs to that one's route.
pub(super) fn method_asked_for(method: &Method, headers: &HeaderMap) -> Option<Method> {
    if !cors::is_preflight(method, headers) {
        return None;
    }
    Method::from_bytes(headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
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
