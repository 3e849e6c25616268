//! One request out, one answer in: which address, on which connection, how long, and whether to try once
//! more. A request is repeated only where that cannot do a thing twice; it never edits a header.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, response};
use hyper::body::Incoming;

use crate::http::body::Body;
use crate::http::exchange::Trip;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::upgrade::Handshake;
use crate::http::vet::{Asked, Fault};
use crate::upstream::answer::rest;
use crate::upstream::connect::{Conn, connect};
use crate::upstream::deadline::Due;
use crate::upstream::fault::{fault, nobody, overdue, timed_out};
use crate::upstream::lease::Lease;
use crate::upstream::pool::Lane;
use crate::upstream::watch::Upload;
use crate::upstream::{Upstream, now};

pub use crate::upstream::deadline::Waits;
pub use crate::upstream::fault::AttemptError;

/// An answer: its head, its body still on the wire, and the hold on the connection it comes on.
pub type Answer = (response::Parts, Incoming, Lease);

/// What all attempts of one request share.
struct Sending<'a> {
    upstream: &'a Upstream,
    upload: Option<Arc<Upload>>,
    waits: &'a Waits<'a>,
    trip: &'a mut Trip,
}

/// One attempt that failed, and the request if it may be sent again.
struct Failure {
    error: AttemptError,
    again: Option<Request<Body>>,
}

/// Sends a request and waits for the head of its answer. The request is as it shall go out: target in
/// origin form, `Host` set, hop-by-hop headers removed; a [`Handshake`] among its extensions says that it asks
/// for a WebSocket, and only then may the answer be a 101. `upload` is what watches its body, if it has one
/// that is streamed. Dropping the future ends the request at the server too.
pub async fn send(
    upstream: &Upstream,
    mut request: Request<Body>,
    upload: Option<Arc<Upload>>,
    worker: usize,
    waits: &Waits<'_>,
    trip: &mut Trip,
) -> Result<Answer, AttemptError> {
    origin_form(&mut request);
    let mut sending = Sending {
        upstream,
        upload,
        waits,
        trip,
    };
    let outcome = sending.run(request, worker).await;
    upstream.setup.sight.answered(match &outcome {
        Ok(_) => "ok",
        Err(error) => error.refusal.code(),
    });
    outcome
}

impl Sending<'_> {
    async fn run(&mut self, mut request: Request<Body>, worker: usize) -> Result<Answer, AttemptError> {
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut last: Option<io::Error> = None;
        let mut repeated = false;
        while let Some(lane) = self.upstream.pick(worker, &tried) {
            let address = lane.mark().address();
            self.trip.server = Some(address);
            self.trip.connect = None;
            // After a kept connection failed only a new one will do: the others may be just as stale.
            let kept = if repeated {
                None
            } else {
                lane.take(now(), self.upstream.setup.pool_idle)
            };
            let reused = kept.is_some();
            let conn = match kept {
                Some(conn) => conn,
                None => match self.connect(&lane).await? {
                    Ok(conn) => conn,
                    Err(error) => {
                        tried.push(address);
                        last = Some(error);
                        continue;
                    }
                },
            };
            match self.exchange(conn, lane, request, reused).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => match failure.again {
                    None => return Err(failure.error),
                    Some(again) => request = again,
                },
            }
            repeated = true;
            self.upstream.setup.sight.retried();
        }
        Err(nobody(last))
    }

    /// Connects to an address: the outer fault ends the request, the inner one only this address.
    async fn connect(&mut self, lane: &Lane) -> Result<io::Result<Conn>, AttemptError> {
        let began = now();
        let by = began + self.upstream.setup.connect;
        let total = self.waits.total.filter(|total| *total < by);
        let connected = connect(
            lane.mark().address(),
            total.unwrap_or(by),
            &self.upstream.setup.sight,
        )
        .await;
        match &connected {
            Ok(_) => {
                self.trip.connect = Some(now() - began);
                lane.mark().is_up();
            }
            // The request ran out of time, which says nothing of the server.
            Err(_) if total.is_some_and(|at| now() >= at) => return Err(timed_out(Deadline::Total)),
            Err(error) => lane.mark().failed(error),
        }
        self.upstream.setup.sight.connected(connected.is_ok());
        Ok(connected)
    }

    async fn exchange(
        &mut self,
        mut conn: Conn,
        lane: Arc<Lane>,
        request: Request<Body>,
        reused: bool,
    ) -> Result<Answer, Box<Failure>> {
        let copy = if reused { copy(&request) } else { None };
        let handshake = request.extensions().get::<Handshake>().cloned();
        self.trip.attempts += 1;
        conn.wire.begin(asked(request.method(), handshake.is_some()));
        let due = Due {
            waits: self.waits,
            upload: self.upload.as_deref(),
            sent_at: now(),
        };
        let mut answer = pin!(conn.sender.try_send_request(request));
        let alarm = &mut conn.alarm;
        let (wire, hints) = (&conn.wire, self.waits.hints);
        let answer = poll_fn(|cx| {
            let answer = answer.as_mut().poll(cx);
            wire.pass_hints(hints, cx, answer.is_pending());
            match answer {
                Poll::Ready(answer) => Poll::Ready(Ok(answer)),
                Poll::Pending => due.poll(alarm, cx).map(Err),
            }
        })
        .await;
        match answer {
            Ok(Ok(response)) => self.answered(conn, lane, response, (due.sent_at, handshake.as_ref())),
            Ok(Err(mut error)) => {
                // Given back by hyper if it was not begun, else the copy of one that may be repeated.
                let again = error.take_message().or(copy);
                let again = again.filter(|_| reused && !conn.wire.has_heard());
                Err(Box::new(Failure {
                    error: fault(error.into_error(), &conn.wire),
                    again,
                }))
            }
            Err(deadline) => Err(Box::new(overdue(deadline, self.upload.as_deref()).into())),
        }
    }

    fn answered(
        &mut self,
        conn: Conn,
        lane: Arc<Lane>,
        mut response: Response<Incoming>,
        (sent_at, handshake): (Instant, Option<&Handshake>),
    ) -> Result<Answer, Box<Failure>> {
        // Nothing but consent to what was asked may switch protocols: what follows such an answer is no HTTP,
        // and to pass it on would open a tunnel behind every check (request smuggling by upgrade).
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let asked = handshake.is_some_and(|handshake| handshake.is_accepted_by(response.headers()));
        if switched && !asked {
            let error = AttemptError {
                refusal: Refusal::UpstreamInvalid(Fault::Switch),
                source: None,
            };
            return Err(Box::new(error.into()));
        }
        conn.wire.answered();
        self.trip.first_byte = Some(now() - sent_at);
        let switched = switched.then(|| hyper::upgrade::on(&mut response));
        let (parts, body) = response.into_parts();
        let rest = rest(&parts.headers, self.upstream.setup.pool_idle);
        Ok((
            parts,
            body,
            Lease {
                conn,
                lane,
                upload: self.upload.clone(),
                rest,
                switched,
            },
        ))
    }
}

impl From<AttemptError> for Failure {
    fn from(error: AttemptError) -> Self {
        Self { error, again: None }
    }
}

/// What its answer will be an answer to.
fn asked(method: &Method, switches: bool) -> Asked {
    match *method {
        Method::HEAD => Asked::Head,
        _ if switches => Asked::Switch,
        _ => Asked::Plain,
    }
}

/// To a server the target is a path; a whole URI would let it choose another host than the one routed
/// by (RFC 9112 §3.2.2).
fn origin_form(request: &mut Request<Body>) {
    let uri = request.uri();
    if uri.scheme().is_some() || uri.authority().is_some() {
        let root = PathAndQuery::from_static("/");
        *request.uri_mut() = Uri::from(uri.path_and_query().cloned().unwrap_or(root));
    }
}

/// A second request like the first, if to do it twice is to do it once (RFC 9110 §9.2.2) and no part of
/// it is gone after the first: then a body would be.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let method = request.method();
    let idempotent = method.is_safe() || *method == Method::PUT || *method == Method::DELETE;
    if !idempotent || !matches!(request.body(), Body::Empty) {
        return None;
    }
    let mut copy = Request::new(Body::Empty);
    *copy.method_mut() = method.clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
