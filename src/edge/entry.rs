//! Where hyper hands a request over, in whichever version of HTTP it came, and how its connections end.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Map;
use http::{Method, Request, Version};
use hyper::body::Incoming;
use hyper::service::Service as HyperService;
use tokio::sync::watch;
use tower::Service;

use crate::edge::slow_reader::Streams;
use crate::http::connection::Connection;
use crate::http::exchange::Response;
use crate::http::extended_connect::Stream;
use crate::http::inflow::Inflow;
use crate::http::login::Http11Required;
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

/// The stack as hyper calls it.
pub(super) struct Entry<S> {
    stack: S,
    pub(super) connection: Arc<Connection>,
    lane: Arc<Lane>,
    /// Where requests are streams of one connection.
    streams: Option<Streams>,
}

impl<S> Entry<S> {
    /// For the requests of one connection.
    pub(super) fn new(stack: S, connection: Arc<Connection>, lane: Arc<Lane>) -> Self {
        Self {
            stack,
            connection,
            lane,
            streams: None,
        }
    }

    /// The same, where requests are streams of one connection.
    pub(super) fn with_streams(self, streams: Streams) -> Self {
        Self {
            streams: Some(streams),
            ..self
        }
    }

    fn arrival(&self, mut request: Request<Incoming>) -> Arrival {
        let stream = self.streams.as_ref().map(|streams| Stream {
            progress: streams.call(),
            tunnel: (*request.method() == Method::CONNECT)
                .then(|| Box::new(hyper::upgrade::on(&mut request))),
        });
        let request = request.map(|incoming| Inflow::Hyper {
            incoming,
            stream: stream.is_some(),
        });
        Arrival::new(
            request,
            Arc::clone(&self.connection),
            Arc::clone(&self.lane),
            stream,
        )
    }
}

impl<S> HyperService<Request<Incoming>> for Entry<S>
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Reset;
    type Future = Map<S::Future, fn(Result<Response, Infallible>) -> Outcome>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if request.version() == Version::HTTP_10 {
            self.connection.phase.speaks_old();
        }
        let arrival = self.arrival(request);
        self.connection.phase.asked(arrival.arrived);
        // Always ready: what could make it wait is awaited inside the call.
        self.stack.clone().call(arrival).map(answer)
    }
}

type Outcome = Result<Response, Reset>;

/// The stream of an HTTP/2 request is reset instead of answered: a login holds for a connection, and many requests share
/// this one (RFC 9113 §7).
#[derive(Debug, thiserror::Error)]
#[error("a login that holds for a connection was sent over HTTP/2")]
pub(super) struct Reset(#[source] h2::Error);

/// The answer, or its stream's end in its place.
fn answer(outcome: Result<Response, Infallible>) -> Outcome {
    let response = outcome.unwrap_or_else(|never| match never {});
    if response.extensions().get::<Http11Required>().is_some() {
        return Err(Reset(h2::Reason::HTTP_1_1_REQUIRED.into()));
    }
    Ok(response)
}

/// Waits until a door closes.
pub(super) async fn closed(closing: &mut watch::Receiver<bool>) {
    // A door that is gone is closed.
    let _gone = closing.wait_for(|closing| *closing).await.is_err();
}

/// What was no HTTP is counted by kind; hyper has answered it with a bare 400, 414 or 431.
pub(super) fn report(outcome: Result<(), hyper::Error>, metrics: &Metrics) {
    let Err(error) = outcome else { return };
    if error.is_parse_too_large() {
        metrics.malformed.count("too_large");
    } else if error.is_parse() {
        metrics.malformed.count("syntax");
    }
    tracing::debug!(error = %error, "a client connection ended in a fault");
}
