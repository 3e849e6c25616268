//! Where hyper hands a request over, in whichever version of HTTP it came, and how its connections end.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{Either, Map};
use http::{Method, Request, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service as HyperService;
use tokio::sync::watch;
use tower::Service;

use crate::http::exchange::{Connection, Response};
use crate::http::extended_connect::Wish;
use crate::http::inflow::Inflow;
use crate::http::login::Http11Required;
use crate::http::room::Share;
use crate::http::room::backlog::Reader;
use crate::http::room::desk::Desk;
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

/// The stack as hyper calls it.
pub(super) struct Entry<S> {
    stack: S,
    pub(super) connection: Arc<Connection>,
    lane: Arc<Lane>,
    /// Where many requests share the connection.
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

    /// The same, where requests share a connection that ends with this, and lay their bodies here.
    pub(super) fn with_streams(self, closing: watch::Receiver<bool>, desk: Arc<Desk>) -> Self {
        Self {
            streams: Some(Streams { closing, desk }),
            ..self
        }
    }

    /// The request's share of the room, where there is one.
    fn room(&self, request: &mut Request<Incoming>, sends: bool) -> Result<Option<Share>, Reset> {
        let Some(room) = self.connection.room.get() else {
            return Ok(None);
        };
        let share = room.admit(request, sends);
        share
            .map(Some)
            .ok_or_else(|| Reset::NoRoom(h2::Reason::REFUSED_STREAM.into()))
    }

    fn arrival(&self, request: Request<Incoming>, share: Option<Share>, reader: Option<Reader>) -> Arrival {
        let tunnel = *request.method() == Method::CONNECT;
        let (wishes, reads) = if tunnel { (reader, None) } else { (None, reader) };
        let mut request = request.map(|incoming| Inflow::Hyper(incoming, reads));
        if let Some(streams) = self.streams.as_ref().filter(|_| tunnel) {
            request.extensions_mut().insert(Wish {
                closing: streams.closing.clone(),
                reader: wishes.map(Arc::new),
            });
        }
        let (connection, lane) = (Arc::clone(&self.connection), Arc::clone(&self.lane));
        Arrival::new(request, connection, lane, share)
    }
}

/// What requests that share a connection have in common.
struct Streams {
    /// Known to those that may outlive their answer on a stream of their own.
    closing: watch::Receiver<bool>,
    /// Where the body is found of the one that is called.
    desk: Arc<Desk>,
}

impl<S> HyperService<Request<Incoming>> for Entry<S>
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Reset;
    type Future = Either<Map<S::Future, fn(Result<Response, Infallible>) -> Outcome>, Ready<Outcome>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        // hyper takes the stream of a CONNECT for no body.
        let sends = *request.method() == Method::CONNECT || !request.body().is_end_stream();
        if let Some(streams) = &self.streams {
            streams.desk.call();
        }
        let desk = self.streams.as_ref().filter(|_| sends);
        let reader = desk.and_then(|streams| streams.desk.reader());
        let share = match self.room(&mut request, sends) {
            Ok(share) => share,
            Err(full) => {
                self.lane.holder.snapshot().metrics.malformed.count("http2_room");
                tracing::debug!(client = %self.connection.peer, "a request was refused: {full}");
                return Either::Right(ready(Err(full)));
            }
        };
        if request.version() == Version::HTTP_10 {
            self.connection.phase.speaks_old();
        }
        let arrival = self.arrival(request, share, reader);
        self.connection.phase.asked(arrival.arrived);
        // Always ready: what could make it wait is awaited inside the call.
        Either::Left(self.stack.clone().call(arrival).map(answer))
    }
}

type Outcome = Result<Response, Reset>;

/// The stream of an HTTP/2 request is reset instead of answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reset {
    /// A request is not even looked at, since those before it hold all that a connection may have us hold. Its client
    /// is told that it may ask again (RFC 9113 §8.7).
    #[error("the requests of this connection hold too much")]
    NoRoom(#[source] h2::Error),
    /// A login holds for a connection, and many requests share this one (RFC 9113 §7).
    #[error("a login that holds for a connection was sent over HTTP/2")]
    Http11Required(#[source] h2::Error),
}

/// The answer, or its stream's end in its place.
fn answer(outcome: Result<Response, Infallible>) -> Outcome {
    let response = outcome.unwrap_or_else(|never| match never {});
    if response.extensions().get::<Http11Required>().is_some() {
        return Err(Reset::Http11Required(h2::Reason::HTTP_1_1_REQUIRED.into()));
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
