//! One body type for both directions, and the one wrapper that counts, paces and notices how it ends.
//! It never buffers: a frame is asked for when the receiver has room, so back-pressure reaches the sender.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::http::gzip::Gzip;
use crate::http::pace::{Pace, TooSlow};

/// A request or response body.
#[derive(Debug, Default)]
pub enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// All bytes at hand.
    Full(Bytes),
    /// Streamed from a connection under a [`Pace`].
    Streamed(Box<Metered>),
    /// Bytes already taken off a stream to look at them, then the rest of it.
    Peeked(Bytes, Box<Metered>),
    /// Another body, gzipped on its way.
    Gzipped(Box<Gzip>),
}

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    /// More bytes than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// A deadline ran out.
    #[error("the body is too slow ({0:?})")]
    TooSlow(TooSlow),
    /// The sender's connection broke.
    #[error("the body broke off")]
    Sender(#[source] hyper::Error),
    /// It could not be gzipped.
    #[error("the body could not be gzipped")]
    Coding,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To its last byte.
    Complete,
    /// The receiver lost interest: its connection is gone.
    Abandoned,
    /// The sender's connection broke, or what it sent was no body.
    Broken,
    /// Cut by us: too large.
    TooLarge,
    /// Cut by us: too slow.
    TooSlow(TooSlow),
    /// Cut by us: the receiver takes nothing.
    Stalled,
    /// Ended by us: the listener closes.
    Drained,
}

/// Is told what passes; told of the end exactly once, also when the body is dropped midway.
pub trait Watch: Send {
    /// So many bytes of data went by.
    fn passed(&mut self, bytes: u64);
    /// Nothing more will come.
    fn ended(self: Box<Self>, end: End);
}

/// A body from a connection, counted and paced.
pub struct Metered {
    inner: Incoming,
    pace: Pace,
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    watches: [Option<Box<dyn Watch>>; 2],
    over: bool,
}

impl Body {
    /// A body streamed from a connection. One that is already at its end becomes `Empty`, and its watch is told.
    pub fn streamed(inner: Incoming, pace: Pace, watch: Option<Box<dyn Watch>>) -> Self {
        if inner.is_end_stream() {
            if let Some(watch) = watch {
                watch.ended(End::Complete);
            }
            return Self::Empty;
        }
        Self::Streamed(Box::new(Metered {
            inner,
            pace,
            bytes: 0,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: None,
            watches: [watch, None],
            over: false,
        }))
    }

    /// Adds a watch, told after those already there; gives it back if nothing will be streamed
    /// or two watch already (the connection that is given back, and the account of the request).
    pub fn attend(&mut self, watch: Box<dyn Watch>) -> Option<Box<dyn Watch>> {
        let metered = match self {
            Self::Streamed(metered) | Self::Peeked(_, metered) => metered,
            // What leaves is what counts, not what came in.
            Self::Gzipped(gzip) => return gzip.attend(watch),
            Self::Empty | Self::Full(_) => return Some(watch),
        };
        match metered.watches.iter_mut().find(|slot| slot.is_none()) {
            Some(free) => {
                *free = Some(watch);
                None
            }
            None => Some(watch),
        }
    }

    /// Puts bytes that were taken off the front back there.
    pub fn push_front(&mut self, bytes: Bytes) {
        *self = match std::mem::take(self) {
            Self::Streamed(rest) if !rest.over && !bytes.is_empty() => Self::Peeked(bytes, rest),
            Self::Streamed(rest) if rest.over => Self::Full(bytes),
            other => other,
        };
    }

    /// Whether bytes are still to come: from a connection, or out of the coding.
    pub fn is_streamed(&self) -> bool {
        matches!(self, Self::Streamed(_) | Self::Peeked(..) | Self::Gzipped(_))
    }
}

impl BodyFault {
    /// How a body with this fault ended.
    pub fn end(&self) -> End {
        match self {
            Self::TooLarge(_) => End::TooLarge,
            Self::TooSlow(why) => End::TooSlow(*why),
            Self::Sender(_) | Self::Coding => End::Broken,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(Bytes::from(bytes))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::Full(Bytes::from_static(text.as_bytes()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match std::mem::take(&mut *self) {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Self::Peeked(bytes, rest) => {
                *self = Self::Streamed(rest);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Streamed(mut metered) => {
                let polled = metered.poll(cx);
                *self = Self::Streamed(metered);
                polled
            }
            Self::Gzipped(mut gzip) => {
                let polled = gzip.poll(cx);
                *self = Self::Gzipped(gzip);
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) | Self::Peeked(..) => false,
            Self::Streamed(metered) => metered.over || metered.inner.is_end_stream(),
            Self::Gzipped(gzip) => gzip.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(metered) => metered.inner.size_hint(),
            Self::Gzipped(_) => SizeHint::default(),
            Self::Peeked(bytes, metered) => {
                let (rest, taken) = (metered.inner.size_hint(), bytes.len() as u64);
                let mut hint = SizeHint::new();
                hint.set_lower(rest.lower() + taken);
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper + taken);
                }
                hint
            }
        }
    }
}

impl Metered {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        // After a fault the body is over for good: trailers or late bytes must not slip past the cut.
        if self.over {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            return self.poll_deadline(cx);
        };
        if let Some(since) = self.waiting_since.take() {
            self.waited += Instant::now() - since;
        }
        Poll::Ready(match frame {
            None => {
                self.end(End::Complete);
                None
            }
            Some(Err(error)) => {
                self.end(End::Broken);
                Some(Err(BodyFault::Sender(error)))
            }
            Some(Ok(frame)) => Some(self.count(frame)),
        })
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyFault> {
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.bytes += bytes;
        if let Some(most) = self.pace.max_bytes.filter(|most| self.bytes > *most) {
            self.end(End::TooLarge);
            return Err(BodyFault::TooLarge(most));
        }
        self.watches
            .iter_mut()
            .flatten()
            .for_each(|watch| watch.passed(bytes));
        // hyper does not ask again after trailers, nor after the last byte of a body of known length.
        if frame.is_trailers() || self.inner.is_end_stream() {
            self.end(End::Complete);
        }
        Ok(frame)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some((at, why)) = self.pace.deadline(self.bytes, self.waited, since) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if timer.deadline().into_std() != at {
            timer.as_mut().reset(at.into());
        }
        ready!(timer.as_mut().poll(cx));
        self.end(End::TooSlow(why));
        Poll::Ready(Some(Err(BodyFault::TooSlow(why))))
    }

    fn end(&mut self, end: End) {
        self.over = true;
        for watch in &mut self.watches {
            if let Some(watch) = watch.take() {
                watch.ended(end);
            }
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.end(End::Abandoned);
    }
}

impl std::fmt::Debug for Metered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metered")
            .field("bytes", &self.bytes)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
