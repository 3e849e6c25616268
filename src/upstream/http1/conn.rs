//! One connection to a server: a request goes out, its answer comes in, both in the task that wants the answer. Dropped,
//! it ends at once with whatever was under way: that is how a client that leaves cancels its request.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::response;
use http_body::Frame;

use super::head;
use super::inbox::{Heard, Inbox};
use super::outbox::Outbox;
use crate::http::consent::Consent;
use crate::http::flow::BodyFault;
use crate::http::hints::Hints;
use crate::http::message::Message;
use crate::http::vet::{Asked, Fault, Rules};
use crate::upstream::Sight;
use crate::upstream::alarm::Alarm;
use crate::upstream::socket::{Silence, Socket};

const CONTINUE: u16 = 100;
const EARLY_HINTS: u16 = 103;

/// A connection that carries one request at a time.
pub(in crate::upstream) struct Conn {
    socket: Socket,
    inbox: Inbox,
    outbox: Outbox,
    sight: Arc<dyn Sight>,
    pub(in crate::upstream) alarm: Alarm,
    heard: bool,
    /// It belongs to one client's connection, since a login may hold on it.
    owned: bool,
    /// Nothing more is read or sent: the server hung up, or what it sent is no answer.
    over: bool,
}

/// Who is told what comes before an answer.
#[derive(Clone, Copy, Default)]
pub(in crate::upstream) struct Listeners<'a> {
    /// Hints for the client.
    pub(in crate::upstream) hints: Option<&'a Hints>,
    /// That the server wants the body.
    pub(in crate::upstream) consent: Option<&'a Consent>,
}

/// Why there is no answer, or no end of it.
#[derive(Debug, thiserror::Error)]
pub(in crate::upstream) enum Broke {
    /// The client's body broke off.
    #[error("the request broke off")]
    Body(#[source] BodyFault),
    /// What the server sent is no answer.
    #[error(transparent)]
    Vet(#[from] Fault),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server hung up before the end.
    #[error("the server hung up")]
    Closed,
}

impl Conn {
    /// A connection that has carried nothing yet.
    pub(in crate::upstream) fn new(socket: Socket, sight: Arc<dyn Sight>) -> Self {
        Self {
            socket,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            sight,
            alarm: Alarm::default(),
            heard: false,
            owned: false,
            over: false,
        }
    }

    /// The next request, what its answer will be an answer to, what that is held to, and whether its client has many at once.
    pub(in crate::upstream) fn begin(
        &mut self,
        message: Message,
        asked: Asked,
        rules: Rules,
        one_of_many: bool,
    ) {
        self.heard = false;
        self.inbox.begin(asked, rules, one_of_many);
        self.outbox.begin(message);
    }

    /// Gives it to one client's connection for good.
    pub(in crate::upstream) fn own(&mut self) {
        self.owned = true;
    }

    /// Whether it belongs to one client's connection.
    pub(in crate::upstream) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Whether an octet of an answer came.
    pub(in crate::upstream) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether another request may be sent: the server keeps silent and the connection open, as it must between two.
    pub(in crate::upstream) fn is_quiet(&mut self) -> bool {
        if self.over {
            return false;
        }
        match self.socket.silence() {
            Silence::Kept => true,
            Silence::Ended => false,
            Silence::Broken => {
                self.note(Fault::Unasked);
                false
            }
        }
    }

    /// Whether the request is sent and its answer told, each to the end, and nothing is wrong.
    pub(in crate::upstream) fn is_done(&self) -> bool {
        !self.over && self.inbox.is_over() && self.outbox.is_done() && self.inbox.vet().persists()
    }

    /// It is kept, and may be for long.
    pub(in crate::upstream) fn rest(&mut self) {
        self.inbox.rest();
    }

    /// Whether the request is not all sent, and may yet be.
    pub(in crate::upstream) fn is_sending(&self) -> bool {
        self.outbox.is_sending()
    }

    /// Sends what is left of the request, as far as the server takes it. After a fault the connection is of no use: what
    /// was sent must not end as if it were whole.
    pub(in crate::upstream) fn send_on(&mut self, cx: &mut Context<'_>) -> Result<(), Broke> {
        match self.outbox.poll(&mut self.socket, cx) {
            Poll::Ready(sent) => sent.map_err(Broke::Body),
            Poll::Pending => Ok(()),
        }
    }

    /// How many bytes of the body are still to come, if that was told.
    pub(in crate::upstream) fn left(&self) -> Option<u64> {
        self.inbox
            .vet()
            .left()
            .filter(|_| self.inbox.is_over() || !self.inbox.vet().is_at_rest())
    }

    /// The socket, and what came after the head of an answer that ends HTTP.
    pub(in crate::upstream) fn into_switched(self) -> (Socket, Bytes) {
        (self.socket, self.inbox.into_rest())
    }

    /// Sends the request and reads on to the head of the answer.
    pub(in crate::upstream) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        listeners: Listeners<'_>,
    ) -> Poll<Result<response::Parts, Broke>> {
        self.send_on(cx)?;
        loop {
            match self.next()? {
                Some(Heard::Answer(status, octets)) => {
                    self.count_repairs();
                    let parts = head::read(&octets, status, self.inbox.vet().is_current());
                    return Poll::Ready(parts.ok_or_else(|| self.give_up(Fault::Syntax)));
                }
                Some(Heard::Interim(status, octets)) => listeners.hear(status, &octets),
                Some(Heard::Data(_) | Heard::Trailers(_)) => {
                    return Poll::Ready(Err(self.give_up(Fault::Syntax)));
                }
                None => {
                    if ready!(self.inbox.poll_fill(&mut self.socket, cx))? == 0 {
                        return Poll::Ready(Err(Broke::Closed));
                    }
                    self.heard = true;
                }
            }
        }
    }

    /// Sends what is left of the request, and reads on to the next piece of the answer's body; none after the last.
    pub(in crate::upstream) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broke>>> {
        if let Err(broke) = self.send_on(cx) {
            return Poll::Ready(Some(Err(broke)));
        }
        loop {
            if let Some(piece) = self.piece_at_hand() {
                return Poll::Ready(Some(piece));
            }
            if self.inbox.is_over() || self.over {
                return Poll::Ready(None);
            }
            match ready!(self.inbox.poll_fill(&mut self.socket, cx)) {
                Ok(0) => return Poll::Ready(self.ended()),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(self.broke(error)))),
            }
        }
    }

    /// A piece of the body that has come already.
    pub(in crate::upstream) fn piece_at_hand(&mut self) -> Option<Result<Frame<Bytes>, Broke>> {
        match self.next() {
            Ok(Some(Heard::Data(data))) => Some(Ok(Frame::data(data))),
            Ok(Some(Heard::Trailers(trailers))) => Some(Ok(Frame::trailers(trailers))),
            Ok(Some(Heard::Answer(..) | Heard::Interim(..)) | None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    fn next(&mut self) -> Result<Option<Heard>, Broke> {
        let heard = self.inbox.next().map_err(|fault| self.give_up(fault))?;
        // Whoever reads on takes it for the answer to the next request (RFC 9112 §11.1).
        if self.inbox.has_excess() && !self.over {
            self.note(Fault::Excess);
        }
        Ok(heard)
    }

    fn count_repairs(&self) {
        let repairs = self.inbox.vet().repairs();
        if !repairs.is_empty() {
            repairs
                .iter()
                .for_each(|repair| self.sight.repaired(repair.name()));
        }
    }

    /// The server has hung up, which ends some bodies.
    fn ended(&mut self) -> Option<Result<Frame<Bytes>, Broke>> {
        self.over = true;
        (!self.inbox.vet().ends_with_connection()).then_some(Err(Broke::Closed))
    }

    fn broke(&mut self, error: io::Error) -> Broke {
        self.over = true;
        Broke::Io(error)
    }

    #[cold]
    fn give_up(&mut self, fault: Fault) -> Broke {
        self.note(fault);
        Broke::Vet(fault)
    }

    /// Counts a fault; after one nothing more is read.
    #[cold]
    fn note(&mut self, fault: Fault) {
        self.over = true;
        self.sight.malformed(fault.name());
        // One that ends a request is told with that request.
        if !self.inbox.vet().is_in_head() {
            tracing::warn!(
                server = self.socket.peer_addr().ok().map(tracing::field::display),
                reason = fault.name(),
                "what the upstream sent is no answer; its connection was closed"
            );
        }
    }
}

impl Listeners<'_> {
    fn hear(&self, status: u16, head: &[u8]) {
        match (status, self.consent, self.hints) {
            (CONTINUE, Some(consent), _) => consent.give(),
            (EARLY_HINTS, _, Some(hints)) => {
                let line = head.iter().position(|octet| *octet == b'\n').unwrap_or(0);
                hints.add(head.get(line + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
}
