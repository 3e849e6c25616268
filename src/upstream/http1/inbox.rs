//! What has come from a server and is not told yet. It knows from the guard what each octet is, and cuts answers
//! into heads, data and trailers without copying them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::head;
use crate::http::vet::{Asked, Fault, Part, Vet};

/// What is read at once: most answers whole.
const LEAST: usize = 8 * 1024;
/// Room that is too little to read into.
const SCANT: usize = 2 * 1024;

/// The octets of one connection, in the order they came.
#[derive(Default)]
pub(super) struct Inbox {
    vet: Vet,
    bytes: BytesMut,
    /// How many of them belong to a head that has not ended.
    seen: usize,
    trailers: BytesMut,
    /// How much the next read shall take, and how much it may grow to.
    room: usize,
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
    /// A request goes out: what comes from now on is its answer, read in pieces of at most so many octets.
    pub(super) fn begin(&mut self, asked: Asked, most: usize) {
        self.vet.begin(asked);
        self.room = LEAST;
        self.most = most;
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
            match self.vet.next(fresh)? {
                Part::Head(octets) => self.seen += octets,
                Part::Interim(octets, status) => return Ok(Some(Heard::Interim(status, self.head(octets)))),
                Part::Answer(octets, status) => return Ok(Some(Heard::Answer(status, self.head(octets)))),
                Part::Data(octets) => {
                    let data = self.bytes.split_to(octets).freeze();
                    // Whether that was all must be known with the last of it, not with the next read.
                    self.skip_framing()?;
                    return Ok(Some(Heard::Data(data)));
                }
                part => self.skip(part),
            }
        }
        Ok(self.take_trailers())
    }

    fn head(&mut self, octets: usize) -> Bytes {
        let octets = std::mem::take(&mut self.seen) + octets;
        self.bytes.split_to(octets).freeze()
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
            Part::Framing(octets) => self.bytes.advance(octets),
            Part::Trailers(octets) => self.trailers.unsplit(self.bytes.split_to(octets)),
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

    /// Reads from the socket: how many octets came, none at its end.
    pub(super) fn poll_fill(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let spare = self.bytes.capacity() - self.bytes.len();
        if spare < SCANT {
            self.bytes.reserve(self.wanted());
        }
        let spare = self.bytes.capacity() - self.bytes.len();
        let polled = pin!(socket.read_buf(&mut self.bytes)).poll(cx);
        if let Poll::Ready(Ok(octets)) = &polled
            && *octets == spare
        {
            self.room = self.most.min(self.room * 8);
        }
        polled
    }

    /// More each time all was taken, so that what a client does not take is not read ahead. No more than is known to
    /// come; one octet beyond it shows that there is no more.
    fn wanted(&self) -> usize {
        let left = self.vet.left().and_then(|left| usize::try_from(left).ok());
        left.map_or(self.room, |left| self.room.min(left + 1).max(SCANT))
    }
}
