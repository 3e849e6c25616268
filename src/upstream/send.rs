//! One request out, one answer in: which address, on which connection, how long, and whether to try once
//! more. A request is repeated only where that cannot do a thing twice; it never edits a header.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

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
use crate::upstream::fault::{fault, graver, nobody, overdue, timed_out};
use crate::upstream::lease::Lease;
use crate::upstream::line::Line;
use crate::upstream::pool::Lane;
use crate::upstream::watch::Upload;
use crate::upstream::{Upstream, http2, now};

pub use crate::upstream::deadline::Waits;
pub use crate::upstream::fault::AttemptError;

/// An answer: its head, its body still on the wire, and the hold on what it comes on.
pub type Answer = (response::Parts, Incoming, Line);

/// What sending needs to know beside the request.
pub struct Errand<'a> {
    /// What watches the body, if it has one that is streamed.
    pub upload: Option<Arc<Upload>>,
    /// Who sends.
    pub worker: usize,
    /// How long is waited.
    pub waits: &'a Waits<'a>,
    /// Writes the same head once more, without a body: a copy of each, kept for the few that are sent again,
    /// would cost more than all else here.
    pub again: &'a (dyn Fn() -> Option<Request<Body>> + Sync),
    /// What announces the client, where the servers are told (see [`Upstream::announces`]). A connection that speaks for
    /// one client is used for nobody else; empty where none does.
    pub client: Vec<u8>,
}

/// What all attempts of one request share.
struct Sending<'a> {
    upstream: &'a Upstream,
    errand: Errand<'a>,
    trip: &'a mut Trip,
}

/// One attempt that failed, and the request if it may be sent again.
struct Failure {
    error: AttemptError,
    again: Option<Request<Body>>,
}

/// Sends a request and waits for the head of its answer. The request is as it shall go out: target in
/// origin form, `Host` set, hop-by-hop headers removed; a [`Handshake`] among its extensions says that it asks
/// for a WebSocket, and only then may the answer be a 101. Dropping the future ends the request at the server too.
pub async fn send(
    upstream: &Upstream,
    request: Request<Body>,
    errand: Errand<'_>,
    trip: &mut Trip,
) -> Result<Answer, AttemptError> {
    let outcome = if upstream.setup.http2 {
        let Errand {
            upload,
            worker,
            waits,
            ..
        } = errand;
        // Boxed, so that requests in HTTP/1.1 do not carry the room for it.
        Box::pin(http2::send(upstream, request, upload, worker, waits, trip)).await
    } else {
        let mut sending = Sending {
            upstream,
            errand,
            trip,
        };
        sending.run(request).await
    };
    upstream.setup.sight.answered(match &outcome {
        Ok(_) => "ok",
        Err(error) => error.refusal.code(),
    });
    outcome
}

impl Sending<'_> {
    async fn run(&mut self, mut request: Request<Body>) -> Result<Answer, AttemptError> {
        origin_form(&mut request);
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut last: Option<io::Error> = None;
        let mut repeated = false;
        while let Some(lane) = self.upstream.pick(self.errand.worker, &tried) {
            let address = lane.mark().address();
            self.trip.server = Some(address);
            self.trip.connect = None;
            // After a kept connection failed only a new one will do: the others may be just as stale.
            let kept = if repeated || !self.errand.client.is_empty() {
                None
            } else {
                lane.take(now(), self.upstream.setup.pool_idle)
            };
            let reused = kept.is_some();
            let conn = match kept {
                Some(conn) => conn,
                // Boxed, as few requests need it and all would carry the room for it.
                None => match Box::pin(self.connect(&lane)).await? {
                    Ok(conn) => conn,
                    Err(error) => {
                        tried.push(address);
                        last = Some(graver(last, error));
                        continue;
                    }
                },
            };
            match self.exchange(conn, lane, request, reused).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => match failure.again {
                    None => return Err(failure.error),
                    Some(again) => {
                        request = again;
                        origin_form(&mut request);
                    }
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
        let total = self.errand.waits.total.filter(|total| *total < by);
        let mark = lane.mark();
        let connected = connect(
            mark.transport(),
            (mark.address(), &self.errand.client),
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
        let repeatable = reused && is_repeatable(&request);
        let handshake = request.extensions().get::<Handshake>().cloned();
        self.trip.attempts += 1;
        conn.wire.begin(asked(request.method(), handshake.is_some()));
        let due = Due {
            waits: self.errand.waits,
            upload: self.errand.upload.as_deref(),
            sent_at: now(),
        };
        let mut answer = pin!(conn.sender.try_send_request(request));
        let alarm = &mut conn.alarm;
        let (wire, hints) = (&conn.wire, self.errand.waits.hints);
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
                let unheard = reused && !conn.wire.has_heard();
                // Given back by hyper if it was not begun, else written anew if it may be repeated.
                let anew = || (self.errand.again)().filter(|_| repeatable);
                let again = if unheard {
                    error.take_message().or_else(anew)
                } else {
                    None
                };
                Err(Box::new(Failure {
                    error: fault(error.into_error(), &conn.wire),
                    again,
                }))
            }
            Err(deadline) => Err(Box::new(overdue(deadline, self.errand.upload.as_deref()).into())),
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
        let rest = if self.errand.client.is_empty() {
            rest(&parts.headers, self.upstream.setup.pool_idle)
        } else {
            Duration::ZERO
        };
        Ok((
            parts,
            body,
            Line::Own(Lease {
                conn,
                lane,
                upload: self.errand.upload.clone(),
                rest,
                switched,
            }),
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

/// Whether to do it twice is to do it once (RFC 9110 §9.2.2), and no part of it is gone after the first time:
/// then a body would be.
fn is_repeatable(request: &Request<Body>) -> bool {
    let method = request.method();
    let idempotent = method.is_safe() || *method == Method::PUT || *method == Method::DELETE;
    idempotent && matches!(request.body(), Body::Empty)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
