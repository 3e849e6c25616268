//! One request out and one answer in, over HTTP/2: a stream among others on the connection of a worker to an
//! address. A request is sent once more where the server says that it has not looked at it, or where to do a
//! thing twice is to do it once; it never edits what is sent but for what HTTP/2 writes otherwise.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use h2::RecvStream;
use h2::client::ResponseFuture;
use http::Response;

use crate::http::exchange::Trip;
use crate::http::message::Message;
use crate::http::refusal::{Deadline, Refusal};
use crate::upstream::deadline::Due;
use crate::upstream::errand::{Answer, Errand, take};
use crate::upstream::fault::{AttemptError, graver, nobody, of_connection, timed_out};
use crate::upstream::http2::{
    Failure, Hold, Incoming, Link, Multiplex, Outcome, Outgoing, Seat, Source, is_idempotent, is_unread,
    part, repair,
};
use crate::upstream::line::Line;
use crate::upstream::pool::Lane;
use crate::upstream::transport::Http2;
use crate::upstream::{Upstream, now};

/// What all attempts of one request share.
struct Sending<'a> {
    upstream: &'a Upstream,
    /// Until it is sent.
    message: &'a mut Option<Message>,
    errand: &'a Errand<'a>,
    trip: &'a mut Trip,
    source: Option<Source>,
    /// To do it twice is to do it once.
    idempotent: bool,
}

/// Sends a request and waits for the head of its answer, as [`send`](super::send::send) does.
pub(super) async fn send(
    upstream: &Upstream,
    message: &mut Option<Message>,
    errand: &Errand<'_>,
    trip: &mut Trip,
) -> Result<Answer, AttemptError> {
    let mut sending = Sending {
        upstream,
        message,
        errand,
        trip,
        source: None,
        idempotent: false,
    };
    sending.run().await
}

impl Sending<'_> {
    async fn run(&mut self) -> Result<Answer, AttemptError> {
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut last = None;
        let mut repeated = false;
        while let Some(lane) = self.upstream.pick(self.errand.worker, &tried) {
            self.trip.server = Some(lane.mark().address());
            self.trip.connect = None;
            let seat = match self.seat(&lane).await? {
                Ok(seat) => seat,
                Err(error) => {
                    tried.push(lane.mark().address());
                    last = Some(graver(last, told_again(&error)));
                    continue;
                }
            };
            match self.exchange(seat, lane).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.again && !repeated => {
                    repeated = true;
                    self.upstream.setup.sight.retried();
                }
                Err(failure) => return Err(failure.error),
            }
        }
        Err(nobody(last))
    }

    /// A place on a connection, an old one or a new: the outer fault ends the request, the inner one only this address.
    async fn seat(&mut self, lane: &Arc<Lane>) -> Result<Result<Seat, Arc<io::Error>>, AttemptError> {
        let began = now();
        let total = self.errand.waits.total;
        loop {
            let shared = lane.multiplex();
            // One that logs its connection in has one of its own, which ends with it.
            if !self.trip.login
                && let Some(seat) = shared.take(now(), self.upstream.setup.pool_idle)
            {
                return Ok(Ok(seat));
            }
            let connecting = if self.trip.login {
                Multiplex::apart(self.connect(lane))
            } else {
                shared.connecting(|| self.connect(lane))
            };
            let connected = match total {
                None => connecting.await,
                // The request ran out of time, which says nothing of the server.
                Some(at) => match tokio::time::timeout_at(at.into(), connecting).await {
                    Ok(connected) => connected,
                    Err(_) => return Err(timed_out(Deadline::Total)),
                },
            };
            match connected {
                Ok(link) => {
                    self.trip.connect = Some(now() - began);
                    // None if others were quicker: then there is more to carry than one connection takes.
                    if let Some(seat) = link.seat(false, now()) {
                        return Ok(Ok(seat));
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// A new connection, for all who wait for one.
    fn connect(&self, lane: &Arc<Lane>) -> impl Future<Output = Outcome> + Send + 'static {
        let setup = &self.upstream.setup;
        let (by, sight) = (now() + setup.connect, Arc::clone(&setup.sight));
        // Not the lane itself: whoever holds that counts as talking to the server.
        let links = (!self.trip.login).then(|| Arc::clone(lane.multiplex()));
        let mark = lane.shared_mark();
        async move {
            let transport = mark.transport();
            let plain = Http2::default();
            let terms = transport.http2.as_ref().unwrap_or(&plain);
            let opened = Link::open(transport, terms, mark.address(), by).await;
            sight.connected(opened.is_ok());
            match opened {
                Ok(link) => {
                    mark.is_up();
                    if let Some(links) = links.filter(|_| !mark.is_gone()) {
                        links.add(Arc::clone(&link));
                    }
                    Ok(link)
                }
                Err(error) => {
                    mark.failed(&error);
                    Err(Arc::new(error))
                }
            }
        }
    }

    async fn exchange(&mut self, mut seat: Seat, lane: Arc<Lane>) -> Result<Answer, Failure> {
        self.trip.attempts += 1;
        let mut answer = self.begin(&seat)?;
        let due = Due {
            waits: &self.errand.waits,
            upload: self.errand.upload.map(Arc::as_ref),
            sent_at: now(),
        };
        let alarm = &mut seat.alarm;
        let answer = poll_fn(|cx| match pin!(&mut answer).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => due.poll(alarm, cx).map(Err),
        })
        .await;
        match answer {
            Ok(Ok(response)) => {
                self.trip.first_byte = Some(now() - due.sent_at);
                self.answered((seat, lane), response)
            }
            Ok(Err(error)) => Err(self.failed(&seat, error, false)),
            Err(deadline) => {
                seat.waited_in_vain();
                Err(timed_out(deadline).into())
            }
        }
    }

    /// Sends the request, for the first time or once more.
    fn begin(&mut self, seat: &Seat) -> Result<ResponseFuture, Failure> {
        let again = self.trip.attempts > 1 && self.message.is_none();
        let message = if again {
            (self.errand.again)()
                .ok_or(Refusal::Internal)
                .map_err(AttemptError::from)?
        } else {
            take(self.message).map_err(AttemptError::from)?
        };
        let (request, body) = part(message, self.upstream.is_secure()).map_err(AttemptError::from)?;
        if !again {
            self.idempotent = is_idempotent(request.method());
            self.source = Source::new(body);
        }
        let body = self.source.as_ref().map_or(Outgoing::Empty, Source::begin);
        seat.send(request, body)
            .map_err(|error| self.failed(seat, error, true))
    }

    fn answered(
        &mut self,
        (mut seat, lane): (Seat, Arc<Lane>),
        response: Response<RecvStream>,
    ) -> Result<Answer, Failure> {
        let (mut head, body) = response.into_parts();
        let setup = &self.upstream.setup;
        repair(&mut head, setup.rules, &*setup.sight).map_err(AttemptError::from)?;
        if let Some(source) = &self.source {
            source.settle();
        }
        seat.answered();
        let hold = Hold {
            _seat: seat,
            _lane: lane,
            _source: self.source.take(),
        };
        Ok(Answer {
            body: Incoming::begin(body, &head, Some(hold)),
            head,
            line: Line::Own,
        })
    }

    fn failed(&self, seat: &Seat, error: h2::Error, unsent: bool) -> Failure {
        // A body that broke off resets the stream, which is then reported as the server's doing.
        if let Some(refusal) = self.source.as_ref().and_then(Source::broken) {
            let source = Some(error.into());
            return AttemptError { refusal, source }.into();
        }
        let whole = self.source.as_ref().is_none_or(Source::is_whole);
        let twice = seat.reused && self.source.is_none() && self.idempotent;
        let again = whole && (unsent || is_unread(&error) || twice && error.is_io());
        Failure {
            again,
            error: of_connection(error),
        }
    }
}

/// The same error once more: several requests may have waited for one attempt.
fn told_again(error: &Arc<io::Error>) -> io::Error {
    io::Error::new(error.kind(), Arc::clone(error))
}
