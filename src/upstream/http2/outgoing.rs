//! The request body on a shared connection. What has been read of it is kept until an answer begins, as long as
//! it is little: a server that leaves gives requests back unread (RFC 9113 §6.8, §8.7), and then they are
//! sent again.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::http::body::Body;
use crate::http::flow::BodyFault;
use crate::http::refusal::Refusal;
use crate::upstream::fault::of_body;

/// The most that is kept to be sent again.
const MOST_KEPT: usize = 64 * 1024;

/// It grows by so much at least.
const STEP: usize = 4 * 1024;

/// A request body, read by one attempt at a time. Dropped, it ends where it is: nobody wants the rest.
#[derive(Debug)]
pub(in crate::upstream) struct Source(Arc<Shared>);

/// What it has in common with those that send it.
#[derive(Debug)]
pub(in crate::upstream) struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    body: Body,
    length: SizeHint,
    /// What was read, from the first byte on; none once that is not kept any more.
    kept: Option<Kept>,
    /// Which attempt may read. An earlier one that still asks is told to stop.
    turn: u32,
    over: bool,
    broken: Option<Refusal>,
    /// Who sends it, and is told if that changes.
    reader: Option<Waker>,
}

/// What has been read, apart from what it was read into.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    trailers: Option<HeaderMap>,
}

/// What one attempt sends.
#[derive(Debug)]
pub(in crate::upstream) enum Outgoing {
    /// Nothing.
    Empty,
    /// What is left of a body, by this attempt's turn; so much of what is kept was sent, or the trailers too.
    Turn(Arc<Shared>, u32, Sent),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::upstream) struct Sent {
    bytes: usize,
    trailers: bool,
}

impl Source {
    /// None for a request without a body.
    pub(in crate::upstream) fn new(body: Body) -> Option<Self> {
        (!body.is_end_stream()).then(|| {
            Self(Arc::new(Shared(Mutex::new(State {
                length: body.size_hint(),
                body,
                kept: Some(Kept::default()),
                turn: 0,
                over: false,
                broken: None,
                reader: None,
            }))))
        })
    }

    /// The body from its first byte on, for a new attempt. To be asked for only while [`is_whole`](Self::is_whole).
    pub(in crate::upstream) fn begin(&self) -> Outgoing {
        let turn = self.next_turn();
        Outgoing::Turn(Arc::clone(&self.0), turn, Sent::default())
    }

    /// Whether all of it can still be sent.
    pub(in crate::upstream) fn is_whole(&self) -> bool {
        let state = self.state();
        state.kept.is_some() && state.broken.is_none()
    }

    /// There is an answer: nothing will be sent again.
    pub(in crate::upstream) fn settle(&self) {
        self.state().kept = None;
    }

    /// Why it broke off, if it did.
    pub(in crate::upstream) fn broken(&self) -> Option<Refusal> {
        self.state().broken.clone()
    }

    /// Who reads now is told to stop.
    fn next_turn(&self) -> u32 {
        let mut state = self.state();
        state.turn += 1;
        state.reader.take().into_iter().for_each(Waker::wake);
        state.turn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _nobodys = self.next_turn();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    /// Ready once nobody wants the rest; the task is woken then.
    pub(super) fn poll_cut(&self, cx: &Context<'_>) -> Poll<()> {
        let Self::Turn(source, turn, _) = self else {
            return Poll::Pending;
        };
        let mut state = source.state();
        if state.turn != *turn {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl State {
    fn poll(
        &mut self,
        sent: &mut Sent,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if let Some(frame) = self.kept.as_ref().and_then(|kept| kept.behind(*sent)) {
            sent.advance(&frame);
            return Poll::Ready(Some(Ok(frame)));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => self.over = true,
            Poll::Ready(Some(Err(fault))) => {
                self.over = true;
                self.broken = Some(of_body(fault));
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.kept = self.kept.take().and_then(|kept| kept.with(frame));
                sent.advance(frame);
            }
        }
        polled
    }
}

impl Sent {
    fn advance(&mut self, frame: &Frame<Bytes>) {
        self.bytes += frame.data_ref().map_or(0, Bytes::len);
        self.trailers |= frame.is_trailers();
    }
}

impl Kept {
    /// What comes after what was sent.
    fn behind(&self, sent: Sent) -> Option<Frame<Bytes>> {
        match self.bytes.get(sent.bytes..) {
            Some(rest) if !rest.is_empty() => Some(Frame::data(Bytes::copy_from_slice(rest))),
            _ if sent.trailers => None,
            _ => self.trailers.clone().map(Frame::trailers),
        }
    }

    /// Whether there is anything.
    fn is_ahead(&self, sent: Sent) -> bool {
        self.bytes.len() > sent.bytes || self.trailers.is_some() && !sent.trailers
    }

    /// With one more, if that is little enough.
    fn with(mut self, frame: &Frame<Bytes>) -> Option<Self> {
        if let Some(bytes) = frame.data_ref() {
            if self.bytes.len() + bytes.len() > MOST_KEPT {
                return None;
            }
            if self.bytes.capacity() - self.bytes.len() < bytes.len() {
                self.bytes.reserve_exact(bytes.len().max(STEP));
            }
            self.bytes.extend_from_slice(bytes);
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
        }
        Some(self)
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let Self::Turn(source, turn, sent) = self.get_mut() else {
            return Poll::Ready(None);
        };
        let mut state = source.state();
        if state.turn != *turn {
            return Poll::Ready(Some(Err(BodyFault::Unwanted)));
        }
        state.poll(sent, cx)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Turn(source, _, sent) => {
                let state = source.state();
                let ahead = state.kept.as_ref().is_some_and(|kept| kept.is_ahead(*sent));
                !ahead && state.broken.is_none() && (state.over || state.body.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Turn(source, ..) => source.state().length,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
