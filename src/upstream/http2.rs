//! One request out and one answer in, over HTTP/2: a stream among others on the connection of a worker to an
//! address. A request is sent once more where the server says that it has not looked at it, or where to do a
//! thing twice is to do it once; it never edits what is sent but for what HTTP/2 writes otherwise.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::Response;
use hyper::body::Incoming;

use crate::http::exchange::Trip;
use crate::http::message::Message;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::vet;
use crate::upstream::deadline::{Due, Waits};
use crate::upstream::fault::{AttemptError, graver, nobody, of_connection, timed_out};
use crate::upstream::line::Line;
use crate::upstream::pool::Lane;
use crate::upstream::send::{Answer, Errand, take};
use crate::upstream::transport::Http2;
use crate::upstream::watch::Upload;
use crate::upstream::{Upstream, now};

mod ears;
mod failure;
mod head;
mod link;
mod multiplex;
mod outgoing;
pub(super) mod question;

use failure::{Failure, is_ended, is_idempotent, is_unread};
use head::Head;
use link::{Link, Seat};
use outgoing::{Outgoing, Source};

pub(super) use multiplex::Multiplex;

/// The hold on a stream. Dropped before its end, it resets the stream; the connection and its other streams go on.
pub struct Stream {
    _seat: Seat,
    lane: Arc<Lane>,
    source: Option<Source>,
    upload: Option<Arc<Upload>>,
    over: bool,
}

/// What all attempts of one request share.
struct Sending<'a> {
    upstream: &'a Upstream,
    upload: Option<Arc<Upload>>,
    waits: &'a Waits<'a>,
    trip: &'a mut Trip,
    head: Head,
    source: Option<Source>,
}

/// Sends a request and waits for the head of its answer, as [`send`](super::send::send) does.
pub(super) async fn send(
    upstream: &Upstream,
    message: &mut Option<Message>,
    errand: &Errand<'_>,
    trip: &mut Trip,
) -> Result<Answer, AttemptError> {
    let (head, body) = Head::take(take(message)?, upstream.is_secure())?;
    let mut sending = Sending {
        upstream,
        upload: errand.upload.cloned(),
        waits: &errand.waits,
        trip,
        head,
        source: Source::new(body),
    };
    sending.run(errand.worker).await
}

impl Sending<'_> {
    async fn run(&mut self, worker: usize) -> Result<Answer, AttemptError> {
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut last = None;
        let mut repeated = false;
        while let Some(lane) = self.upstream.pick(worker, &tried) {
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
        let total = self.waits.total;
        loop {
            if let Some(seat) = lane.multiplex().take(now(), self.upstream.setup.pool_idle) {
                return Ok(Ok(seat));
            }
            let connecting = lane.multiplex().connecting(|| self.connect(lane));
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
                    if let Some(seat) = link.seat(false) {
                        return Ok(Ok(seat));
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// A new connection, for all who wait for one.
    fn connect(&self, lane: &Arc<Lane>) -> impl Future<Output = multiplex::Outcome> + Send + 'static {
        let setup = &self.upstream.setup;
        let (by, sight) = (now() + setup.connect, Arc::clone(&setup.sight));
        // Not the lane itself: whoever holds that counts as talking to the server.
        let (mark, links) = (lane.shared_mark(), Arc::clone(lane.multiplex()));
        async move {
            let transport = mark.transport();
            let plain = Http2::default();
            let terms = transport.http2.as_ref().unwrap_or(&plain);
            let opened = Link::open(transport, terms, mark.address(), by).await;
            sight.connected(opened.is_ok());
            match opened {
                Ok(link) => {
                    mark.is_up();
                    if !mark.is_gone() {
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
        let body = self.source.as_ref().map_or(Outgoing::Empty, Source::begin);
        let request = self.head.request(body);
        let due = Due {
            waits: self.waits,
            upload: self.upload.as_deref(),
            sent_at: now(),
        };
        let mut sender = seat.sender();
        let mut answer = pin!(sender.try_send_request(request));
        let alarm = &mut seat.alarm;
        let answer = poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => due.poll(alarm, cx).map(Err),
        })
        .await;
        match answer {
            Ok(Ok(response)) => {
                self.trip.first_byte = Some(now() - due.sent_at);
                self.answered(seat, lane, response)
            }
            Ok(Err(mut error)) => {
                let unsent = error.take_message().is_some();
                Err(self.failed(&seat, error.into_error(), unsent))
            }
            Err(deadline) => {
                seat.waited_in_vain();
                self.cut();
                Err(timed_out(deadline).into())
            }
        }
    }

    fn answered(
        &mut self,
        seat: Seat,
        lane: Arc<Lane>,
        response: Response<Incoming>,
    ) -> Result<Answer, Failure> {
        // There is nothing to switch to (RFC 9113 §8.6), and other interim answers are no answers.
        if response.status().is_informational() {
            self.cut();
            return Err(AttemptError::from(Refusal::UpstreamInvalid(vet::Fault::Switch)).into());
        }
        if let Some(source) = &self.source {
            source.settle();
        }
        let (parts, body) = response.into_parts();
        let stream = Stream {
            _seat: seat,
            lane,
            source: self.source.take(),
            upload: self.upload.take(),
            over: false,
        };
        Ok(Answer {
            head: parts,
            body: body.into(),
            line: Line::Shared(stream),
        })
    }

    fn failed(&self, seat: &Seat, error: hyper::Error, unsent: bool) -> Failure {
        // A body that broke off resets the stream, which is then reported as the server's doing.
        if let Some(refusal) = self.source.as_ref().and_then(Source::broken) {
            let source = Some(error.into());
            return AttemptError { refusal, source }.into();
        }
        let whole = self.source.as_ref().is_none_or(Source::is_whole);
        let twice = seat.reused && self.source.is_none() && is_idempotent(&self.head.method);
        let again = whole && (unsent || is_unread(&error) || twice && is_ended(&error));
        Failure {
            again,
            error: of_connection(error),
        }
    }

    fn cut(&self) {
        if let Some(source) = &self.source {
            source.cut();
        }
    }
}

impl Stream {
    /// Ends the hold. `clean` says that the answer was read to its last byte.
    pub fn finish(mut self, clean: bool) {
        // A body that is still on its way is of no use once the answer is complete.
        let sent = self.upload.as_ref().is_none_or(|upload| upload.is_complete());
        self.over = clean && sent;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(source) = self.source.as_ref().filter(|_| !self.over) {
            source.cut();
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stream")
            .field(&self.lane.mark().address())
            .finish()
    }
}

/// The same error once more: several requests may have waited for one attempt.
fn told_again(error: &Arc<io::Error>) -> io::Error {
    io::Error::new(error.kind(), Arc::clone(error))
}
