//! What has come from a server and is not told yet. It knows from the guard what each octet is, and cuts answers
//! into heads, data and trailers without copying them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::head;
use crate::http::room::{Room, Share};
use crate::http::vet::{Asked, Fault, Part, Rules, Vet};

/// What is read at once at first: most answers whole.
const LEAST: usize = 8 * 1024;
/// And of a large body: fewer calls for more memory each.
const MOST: usize = 64 * 1024;
/// What is read at once where there is no room: that much each answer may have.
const MODEST: usize = 512;
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
    /// How much the next read shall take.
    next: usize,
    /// Where the octets must have a share, if they are many.
    room: Option<Arc<Room>>,
    /// When it waited for room.
    turn: usize,
    /// The share of those that are there.
    share: Option<Arc<Share>>,
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
    /// A request goes out: what comes from now on is its answer. Of one for a client that has many at once, no more is
    /// held than there is room for.
    pub(super) fn begin(&mut self, asked: Asked, room: Option<&Arc<Room>>, rules: Rules) {
        self.vet.begin(asked);
        self.vet.hold_to(rules);
        self.next = LEAST;
        self.room = room.cloned();
        if room.is_some() {
            self.let_go();
        }
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
        if self.bytes.capacity() > LEAST || self.room.take().is_some() {
            self.let_go();
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
                Part::Head(octets) => self.seen += octets,
                Part::Interim(octets, status) => return Ok(Some(Heard::Interim(status, self.head(octets)))),
                Part::Answer(octets, status) => return Ok(Some(Heard::Answer(status, self.head(octets)))),
                Part::Data(octets) => {
                    let data = self.piece(octets);
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

    fn head(&mut self, octets: usize) -> Bytes {
        let octets = std::mem::take(&mut self.seen) + octets;
        let head = self.bytes.split_to(octets).freeze();
        self.apart(head)
    }

    fn piece(&mut self, octets: usize) -> Bytes {
        let data = self.bytes.split_to(octets).freeze();
        let data = match &self.share {
            Some(share) if octets > MODEST => share.hold(data),
            _ => self.apart(data),
        };
        if self.share.is_some() && self.bytes.is_empty() {
            // The client may take its time with this, and others could use the rest.
            self.let_go();
        }
        data
    }

    /// Little that shall not keep what it was read with, where all that is kept is counted.
    fn apart(&self, octets: Bytes) -> Bytes {
        if self.share.is_some() {
            Bytes::copy_from_slice(&octets)
        } else {
            octets
        }
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
        if self.spare() < SCANT.min(self.next) {
            if self
                .room
                .as_ref()
                .is_some_and(|room| room.should_wait(&mut self.turn))
            {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.make_room();
        }
        let spare = self.spare();
        let polled = pin!(socket.read_buf(&mut self.bytes)).poll(cx);
        match &polled {
            Poll::Ready(Ok(octets)) if *octets == spare => self.next = MOST.min(self.next * 8),
            // It may wait for long, and others could use it.
            Poll::Pending if self.share.is_some() && self.bytes.is_empty() => self.let_go(),
            _ => {}
        }
        polled
    }

    fn spare(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    /// Made anew where it is shared out, so that the share is of what is there and not of what was.
    fn make_room(&mut self) {
        let wanted = self.wanted();
        let Some(room) = &self.room else {
            return self.bytes.reserve(wanted);
        };
        let share = room.part(wanted).map(Arc::new);
        let octets = share.as_ref().map_or(0, |share| share.octets()).max(MODEST);
        let mut bytes = BytesMut::with_capacity(self.bytes.len() + octets);
        bytes.extend_from_slice(&self.bytes);
        (self.bytes, self.share) = (bytes, share);
    }

    fn let_go(&mut self) {
        (self.bytes, self.share) = (BytesMut::new(), None);
    }

    /// More each time all was taken, so that what a client does not take is not read ahead. No more than is known to
    /// come; one octet beyond it shows that there is no more.
    fn wanted(&self) -> usize {
        let left = self.vet.left().and_then(|left| usize::try_from(left).ok());
        left.map_or(self.next, |left| self.next.min(left + 1).max(SCANT))
    }
}
