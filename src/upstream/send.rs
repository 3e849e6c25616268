//! One request out, one answer in: which address, on which connection, how long, and whether to try once
//! more. A request is repeated only where that cannot do a thing twice; it never edits a header.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, StatusCode, response};

use crate::http::exchange::Trip;
use crate::http::inflow::Inflow;
use crate::http::message::Message;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::upgrade::Handshake;
use crate::http::vet::{Asked, Fault};
use crate::upstream::apart::Apart;
use crate::upstream::connect::connect;
use crate::upstream::deadline::Due;
use crate::upstream::errand::{Answer, Errand, take};
use crate::upstream::fault::{fault, graver, nobody, overdue, timed_out};
use crate::upstream::home::Home;
use crate::upstream::http1::{Broke, Conn, Listeners};
use crate::upstream::line::Line;
use crate::upstream::pins::Pins;
use crate::upstream::pool::Lane;
use crate::upstream::reading::Reading;
use crate::upstream::tunnel::Link;
use crate::upstream::{Upstream, now, old, stream};

use crate::upstream::fault::AttemptError;

/// What all attempts of one request share.
struct Sending<'a> {
    upstream: &'a Upstream,
    /// Until it is sent.
    message: &'a mut Option<Message>,
    errand: &'a Errand<'a>,
    trip: &'a mut Trip,
}

/// What is known of an attempt once its request is on its way.
struct Begun {
    handshake: Option<Arc<Handshake>>,
    /// To send it once more does no harm, whatever became of it.
    repeatable: bool,
    at: Instant,
}

/// Sends a request as it is, and waits for the head of its answer. Dropping the future ends the request at the server
/// too. The message is left with the caller until it is sent: each of the futures that it would be moved through keeps
/// the room for it, for as long as the answer is waited for.
pub async fn send(
    upstream: &Upstream,
    message: &mut Option<Message>,
    errand: &Errand<'_>,
    trip: &mut Trip,
) -> Result<Answer, AttemptError> {
    let outcome = if upstream.setup.http2 {
        // Boxed, so that requests in HTTP/1.1 do not carry the room for it.
        Box::pin(stream::send(upstream, message, errand, trip)).await
    } else {
        let mut sending = Sending {
            upstream,
            message,
            errand,
            trip,
        };
        sending.run().await
    };
    upstream.setup.sight.answered(match &outcome {
        Ok(_) => "ok",
        Err(error) => error.refusal.code(),
    });
    outcome
}

impl Sending<'_> {
    async fn run(&mut self) -> Result<Answer, AttemptError> {
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut last: Option<io::Error> = None;
        let mut repeated = false;
        let mut kept = None;
        while let Some(lane) = self.next(&tried, repeated, &mut kept) {
            self.trip.server = Some(lane.mark().address());
            self.trip.connect = None;
            let reused = kept.is_some();
            let mut conn = match kept.take() {
                Some(conn) => conn,
                // Boxed, as few requests need it and all would carry the room for it.
                None => match Box::pin(self.connect(&lane)).await? {
                    Ok(conn) => conn,
                    Err(error) => {
                        tried.push(lane.mark().address());
                        last = Some(graver(last, error));
                        continue;
                    }
                },
            };
            let begun = self.begin(&mut conn)?;
            let broke = match poll_fn(|cx| self.errand.poll(&mut conn, begun.at, cx)).await? {
                Ok(head) => return self.answered(conn, lane, head, &begun),
                Err(broke) => broke,
            };
            if reused && begun.repeatable && !conn.has_heard() {
                *self.message = (self.errand.again)();
            }
            if self.message.is_none() {
                return Err(fault(broke));
            }
            repeated = true;
            self.upstream.setup.sight.retried();
        }
        Err(nobody(last))
    }

    /// The connection that belongs to the client's, if there is one.
    fn pinned(&self) -> Option<(Arc<Lane>, Box<Conn>)> {
        Pins::take(self.errand.pinned?, self.upstream, self.errand.worker, now())
    }

    /// Where to send next, and the connection that was kept for it.
    fn next(&self, tried: &[SocketAddr], repeated: bool, kept: &mut Option<Box<Conn>>) -> Option<Arc<Lane>> {
        let first = tried.is_empty() && !repeated;
        if first && let Some((lane, conn)) = self.pinned() {
            *kept = Some(conn);
            return Some(lane);
        }
        let lane = self.upstream.pick(self.errand.worker, tried)?;
        // After a kept connection failed only a new one will do: the others may be just as stale.
        if !repeated && self.errand.client.is_empty() {
            *kept = lane.take(now(), self.upstream.setup.pool_idle);
        }
        Some(lane)
    }

    /// Connects to an address: the outer fault ends the request, the inner one only this address.
    async fn connect(&mut self, lane: &Lane) -> Result<io::Result<Box<Conn>>, AttemptError> {
        // Connections to it are new ones: in HTTP/1.0 none is kept.
        if lane.mark().is_old() {
            old::keep(self.message, self.errand).await?;
        }
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

    /// Hands the request to a connection.
    fn begin(&mut self, conn: &mut Conn) -> Result<Begun, Refusal> {
        let mut message = take(self.message)?;
        let begun = Begun {
            handshake: message.handshake.take(),
            repeatable: message.is_repeatable(),
            at: now(),
        };
        self.trip.attempts += 1;
        let asked = asked(&message.method, begun.handshake.is_some());
        let many = self.errand.one_of_many;
        conn.begin(message, asked, self.upstream.setup.rules, many);
        Ok(begun)
    }

    fn answered(
        &mut self,
        conn: Box<Conn>,
        lane: Arc<Lane>,
        head: response::Parts,
        begun: &Begun,
    ) -> Result<Answer, AttemptError> {
        self.trip.first_byte = Some(now() - begun.at);
        lane.mark().answered(head.version);
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            let home = Home::of(
                self.upstream,
                self.errand,
                lane,
                &head,
                conn.is_owned() || self.trip.login,
            );
            return Ok(Answer {
                head,
                body: body(conn, home),
                line: Line::Own,
            });
        }
        // Nothing but consent to what was asked may switch protocols: what follows such an answer is no HTTP,
        // and to pass it on would open a tunnel behind every check (request smuggling by upgrade).
        let accepted = |handshake: &Arc<Handshake>| handshake.is_accepted_by(&head.headers);
        if !begun.handshake.as_ref().is_some_and(accepted) {
            return Err(Refusal::UpstreamInvalid(Fault::Switch).into());
        }
        Ok(Answer {
            head,
            body: Inflow::Whole(Bytes::new()),
            line: Line::Switched(Box::new(Link::new(*conn, lane))),
        })
    }
}

impl Errand<'_> {
    /// Sends on and reads on to the head of the answer: the outer fault is a deadline that ran out, after which the request
    /// is not sent again, the inner one is the connection's.
    fn poll(
        &self,
        conn: &mut Conn,
        sent_at: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Result<response::Parts, Broke>, AttemptError>> {
        let listeners = Listeners {
            hints: self.waits.hints,
            consent: self.consent,
        };
        if let Poll::Ready(answer) = conn.poll_answer(cx, listeners) {
            return Poll::Ready(Ok(answer));
        }
        let upload = self.upload.map(Arc::as_ref);
        let due = Due {
            waits: &self.waits,
            upload,
            sent_at,
        };
        let deadline = ready!(due.poll(&mut conn.alarm, cx));
        Poll::Ready(Err(overdue(deadline, upload)))
    }
}

/// The body of the answer whose head has been read. Most are all there by then.
fn body(mut conn: Box<Conn>, home: Home) -> Inflow {
    let first = conn.piece_at_hand();
    let whole = match &first {
        _ if conn.left() != Some(0) => None,
        None => Some(Bytes::new()),
        Some(Ok(frame)) => frame.data_ref().cloned(),
        Some(Err(_)) => None,
    };
    if let Some(whole) = whole {
        home.keep(conn);
        return Inflow::Whole(whole);
    }
    let apart = conn.is_sending();
    let reading = Reading::new(conn, first, home);
    if apart {
        return Inflow::Own(Box::new(Apart::begin(reading)));
    }
    Inflow::Own(Box::new(reading))
}

/// What its answer will be an answer to.
fn asked(method: &Method, switches: bool) -> Asked {
    match *method {
        Method::HEAD => Asked::Head,
        _ if switches => Asked::Switch,
        _ => Asked::Plain,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
