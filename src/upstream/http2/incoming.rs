//! The body of an answer while it is read: as much at once as there is room for, and each octet that is taken lets the server
//! send another.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, StatusCode, header, response};
use http_body::Frame;

use crate::http::inflow::{Flow, Inflow};
use crate::http::room::{Room, Share};
use crate::upstream::http2::credit::Credit;
use crate::upstream::http2::link::Seat;
use crate::upstream::http2::mail::{Mail, State, carry};
use crate::upstream::http2::outgoing::Source;
use crate::upstream::pool::Lane;

/// What each answer may hand over where there is no room.
const MODEST: usize = 256;

/// What is held of a stream until its answer is all read. A body that is still on its way is of no use then.
pub(super) struct Hold {
    pub(super) _seat: Seat,
    /// Whoever has it counts as talking to the server.
    pub(super) _lane: Arc<Lane>,
    pub(super) _source: Option<Source>,
}

/// A body on its stream. Dropped before its end, it resets the stream; the connection and its other streams go on.
pub(super) struct Incoming {
    /// Gone once the body is over.
    hold: Option<Hold>,
    mail: Arc<Mail>,
    credit: Credit,
    /// How much is still to come, as the server has it.
    left: Option<u64>,
    /// Who shares the room.
    room: Option<Arc<Room>>,
    /// When it waited for room.
    turn: usize,
    /// It broke off, which is told after what came before has been written.
    broke: bool,
}

impl Incoming {
    /// The body of the answer whose head has come. Most are all there by then.
    pub(super) fn begin(
        mut stream: RecvStream,
        credit: Credit,
        head: &response::Parts,
        room: Option<&Arc<Room>>,
        hold: Option<Hold>,
    ) -> Inflow {
        // Whatever length they tell of, these have no body (RFC 9110 §6.4.1): h2 would miss it.
        if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Inflow::Whole(Bytes::new());
        }
        let mail = Arc::<Mail>::default();
        let fetched = mail.poll_fetch(&mut stream, &mut Context::from_waker(Waker::noop()));
        if fetched.is_pending() {
            tokio::spawn(carry(Arc::clone(&mail), stream));
        } else if let Some(whole) = whole(&mail, room.is_some()) {
            return Inflow::Whole(whole);
        }
        let mut incoming = Self {
            hold,
            mail,
            credit,
            left: length(&head.headers),
            room: room.cloned(),
            turn: 0,
            broke: false,
        };
        if fetched.is_ready() {
            incoming.credit.end();
        }
        Inflow::Own(Box::new(incoming))
    }

    /// Hands over as much as there is room for.
    fn take(&mut self, cx: &Context<'_>) -> Poll<Bytes> {
        let mut state = self.mail.state();
        let length = state.length();
        let bytes = match &self.room {
            None => state.take_all(),
            Some(_) if length <= MODEST => state.take_apart(length),
            Some(room) if room.should_wait(&mut self.turn) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(room) => take_share(&mut state, room.part(length)),
        };
        if state.end.is_some() {
            self.credit.end();
        }
        drop(state);
        self.credit.took(bytes.len());
        self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
        Poll::Ready(bytes)
    }
}

/// The body, if all of it is there and is so little that it needs no share of the room.
fn whole(mail: &Mail, shared: bool) -> Option<Bytes> {
    let mut state = mail.state();
    let complete = state.trailers.is_none() && matches!(state.end, Some(Ok(())));
    (complete && (!shared || state.length() <= MODEST)).then(|| state.take_all())
}

fn take_share(state: &mut State, share: Option<Share>) -> Bytes {
    match share.filter(|share| share.octets() > MODEST).map(Arc::new) {
        Some(share) => share.hold(state.take(share.octets())),
        None => state.take_apart(MODEST),
    }
}

/// What its head says of its length.
fn length(head: &HeaderMap) -> Option<u64> {
    let length = head.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

impl Flow for Incoming {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = self.poll_next(cx);
        if polled.is_ready() && self.is_over() {
            self.hold = None;
        }
        polled
    }

    fn is_over(&self) -> bool {
        let state = self.mail.state();
        state.is_empty() && state.trailers.is_none() && matches!(state.end, Some(Ok(())))
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

impl Incoming {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut state = self.mail.state();
        if !state.is_empty() {
            drop(state);
            return self.take(cx).map(|bytes| Some(Ok(Frame::data(bytes))));
        }
        if let Some(trailers) = state.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(*trailers))));
        }
        match &mut state.end {
            None => {
                state.wait(cx);
                Poll::Pending
            }
            Some(Ok(())) => Poll::Ready(None),
            // Whoever writes the answer throws away what it still holds of it when it hears of this. So it gets to
            // write first: the client shall see what there was, and that it is not all.
            Some(Err(_)) if !std::mem::replace(&mut self.broke, true) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(end @ Err(_)) => {
                let error = std::mem::replace(end, Ok(())).err();
                Poll::Ready(error.map(|error| Err(io::Error::other(error))))
            }
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.mail.refuse();
    }
}
