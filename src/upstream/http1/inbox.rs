//! What has come from a server and is not told yet. It knows from the guard what each byte is, and cuts answers
//! into heads, data and trailers without copying them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::head;
use crate::http::vet::{Asked, Fault, Part, Rules, Vet};

/// What is read at once at first: most answers whole.
const LEAST: usize = 8 * 1024;
/// And of a large body: fewer calls for more memory each.
const MOST: usize = 64 * 1024;
/// The same, for a client that has many answers at once.
const MOST_OF_MANY: usize = 16 * 1024;
/// Room that is too little to read into.
const SCANT: usize = 2 * 1024;

/// The bytes of one connection, in the order they came.
#[derive(Default)]
pub(super) struct Inbox {
    vet: Vet,
    bytes: BytesMut,
    /// How many of them belong to a head that has not ended.
    seen: usize,
    trailers: BytesMut,
    /// How much the next read shall take.
    next: usize,
    /// And at most.
    most: usize,
}

/// What a server says.
pub(super) enum Heard {
    /// An interim answer: its status, and its head from the status line on.
    Interim(u16, Bytes),
    /// The head of the answer.
    Answer(u16, Bytes),
    /// Of the body.
    Data(Bytes),
    /// What stands after the body.
    Trailers(HeaderMap),
}

impl Inbox {
    /// A request goes out: what comes from now on is its answer. It may be `one_of_many` that its client has at once.
    pub(super) fn begin(&mut self, asked: Asked, rules: Rules, one_of_many: bool) {
        self.vet.begin(asked);
        self.vet.hold_to(rules);
        self.next = LEAST;
        self.most = if one_of_many { MOST_OF_MANY } else { MOST };
    }

    /// What the guard knows.
    pub(super) fn vet(&self) -> &Vet {
        &self.vet
    }

    /// Whether the answer is all told.
    pub(super) fn is_over(&self) -> bool {
        self.vet.is_at_rest() && self.trailers.is_empty()
    }

    /// Whether more came than the answer.
    pub(super) fn has_excess(&self) -> bool {
        self.vet.is_at_rest() && !self.bytes.is_empty()
    }

    /// Gives back what a large answer needed room for.
    pub(super) fn rest(&mut self) {
        if self.bytes.capacity() > LEAST {
            self.bytes = BytesMut::new();
        }
    }

    /// What came after a head that ends HTTP.
    pub(super) fn into_rest(self) -> Bytes {
        self.bytes.freeze()
    }

    /// The next thing among what has come; none if more must be read for it.
    pub(super) fn next(&mut self) -> Result<Option<Heard>, Fault> {
        while !self.vet.is_at_rest() {
            let fresh = self.bytes.get(self.seen..).unwrap_or_default();
            if fresh.is_empty() {
                return Ok(None);
            }
            let part = match self.vet.next(fresh) {
                Ok(part) => part,
                Err(fault) => return self.mend(fault),
            };
            match part {
                Part::Head(bytes) => self.seen += bytes,
                Part::Interim(bytes, status) => return Ok(Some(Heard::Interim(status, self.head(bytes)))),
                Part::Answer(bytes, status) => return Ok(Some(Heard::Answer(status, self.head(bytes)))),
                Part::Data(bytes) => {
                    let data = self.bytes.split_to(bytes).freeze();
                    // Whether that was all must be known with the last of it, not with the next read.
                    self.skip_framing()?;
                    return Ok(Some(Heard::Data(data)));
                }
                part => self.skip(part),
            }
        }
        Ok(self.take_trailers())
    }

    /// What there is of a head that breaks the rules, put right as far as that may be.
    #[cold]
    fn mend(&mut self, fault: Fault) -> Result<Option<Heard>, Fault> {
        let Some((part, head)) = self.vet.mend(fault, &self.bytes)? else {
            // It is looked at from its beginning once more of it has come.
            return Ok(None);
        };
        self.seen = 0;
        self.bytes.advance(part.octets());
        Ok(Some(match part {
            Part::Interim(_, status) => Heard::Interim(status, head),
            Part::Answer(_, status) => Heard::Answer(status, head),
            _ => return Err(fault),
        }))
    }

    fn head(&mut self, bytes: usize) -> Bytes {
        let bytes = std::mem::take(&mut self.seen) + bytes;
        self.bytes.split_to(bytes).freeze()
    }

    /// Reads what stands between chunks, and after the last.
    fn skip_framing(&mut self) -> Result<(), Fault> {
        while self.vet.is_between_chunks() && !self.bytes.is_empty() {
            let part = self.vet.next(&self.bytes)?;
            self.skip(part);
        }
        Ok(())
    }

    fn skip(&mut self, part: Part) {
        match part {
            Part::Framing(bytes) => self.bytes.advance(bytes),
            Part::Trailers(bytes) => self.trailers.unsplit(self.bytes.split_to(bytes)),
            Part::Head(_) | Part::Interim(..) | Part::Answer(..) | Part::Data(_) => {}
        }
    }

    /// The trailers, once they are whole.
    fn take_trailers(&mut self) -> Option<Heard> {
        if self.trailers.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut self.trailers).freeze();
        let mut trailers = HeaderMap::new();
        head::read_fields(&lines, 0, &mut trailers)?;
        (!trailers.is_empty()).then_some(Heard::Trailers(trailers))
    }

    /// Reads from the socket: how many bytes came, none at its end.
    pub(super) fn poll_fill(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.spare() < SCANT.min(self.next) {
            let wanted = self.wanted();
            self.bytes.reserve(wanted);
        }
        let spare = self.spare();
        let polled = pin!(socket.read_buf(&mut self.bytes)).poll(cx);
        if let Poll::Ready(Ok(read)) = &polled
            && *read == spare
        {
            self.next = self.most.min(self.next * 8);
        }
        polled
    }

    fn spare(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    /// More each time all was taken, so that what a client does not take is not read ahead. No more than is known to
    /// come; one byte beyond it shows that there is no more.
    fn wanted(&self) -> usize {
        let left = self.vet.left().and_then(|left| usize::try_from(left).ok());
        left.map_or(self.next, |left| self.next.min(left + 1).max(SCANT))
    }
}
