//! One body type for both directions.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::watch;

use crate::http::consent::{Consent, Withheld};
use crate::http::flow::{BodyFault, End};
use crate::http::goodbye::{Goodbye, Parting};
use crate::http::gzip::encoders::Slot;
use crate::http::gzip::{self, Gzip};
use crate::http::inflow::Inflow;
use crate::http::memory::Account;
use crate::http::metered::Metered;
use crate::http::pace::Pace;
use crate::http::watch::Watch;

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
    /// The same, not read before the receiver consents.
    Withheld(Box<Withheld>),
    /// Bytes already taken off a stream to look at them, then the rest of it.
    Peeked(Bytes, Box<Metered>),
    /// Another body, gzipped on its way.
    Gzipped(Box<Gzip<Body>>),
}

/// The body of a request that is not yet forwarded.
#[derive(Debug)]
pub enum RequestBody {
    /// Nobody has read of it.
    Unread(Inflow),
    /// It was waited for, and is counted already.
    Waited(Box<Body>),
}

impl RequestBody {
    /// Takes what nobody has read, where that is of a stream of HTTP/2.
    pub fn take_unread(&mut self) -> Option<Inflow> {
        match self {
            Self::Unread(body) => body.take_unread(),
            Self::Waited(_) => None,
        }
    }
}

impl Body {
    /// A body streamed from a connection. One that is already at its end becomes `Empty`, and its watch is told.
    pub fn streamed(inner: impl Into<Inflow>, pace: Pace, watch: Option<Box<dyn Watch>>) -> Self {
        let inner = inner.into();
        if inner.is_over() {
            if let Some(watch) = watch {
                watch.ended(End::Complete);
            }
            return Self::Empty;
        }
        Self::Streamed(Box::new(Metered::new(inner, pace, watch)))
    }

    /// The same body, whose pieces count as held by a connection.
    #[must_use]
    pub fn held_by(mut self, account: &Arc<Account>) -> Self {
        if let Self::Streamed(metered) = &mut self {
            metered.account = Some(Arc::clone(account));
        }
        self
    }

    /// The same body, not read before there is consent.
    #[must_use]
    pub fn withheld(self, consent: Arc<Consent>) -> Self {
        match self {
            Self::Streamed(metered) => Self::Withheld(Box::new(Withheld::new(consent, metered))),
            other => other,
        }
    }

    /// The same body, ended in this way once that becomes true.
    #[must_use]
    pub fn until(mut self, closing: watch::Receiver<bool>, parting: Parting) -> Self {
        if let Self::Streamed(metered) = &mut self {
            metered.goodbye = Some(Goodbye::new(closing, parting));
        }
        self
    }

    /// Has it watched; gives the watch back if nothing will be streamed, or somebody watches already.
    pub fn attend(&mut self, watch: Box<dyn Watch>) -> Option<Box<dyn Watch>> {
        let metered = match self {
            Self::Streamed(metered) | Self::Peeked(_, metered) => metered,
            // What leaves is what counts, not what came in.
            Self::Gzipped(gzip) => return gzip.attend(watch),
            // A request's, which is watched from the start.
            Self::Empty | Self::Full(_) | Self::Withheld(_) => return Some(watch),
        };
        if metered.watch.is_some() {
            return Some(watch);
        }
        metered.watch = Some(watch);
        None
    }

    /// The same body, gzipped at a level from 1 to 9. A small one at hand is compressed at once and keeps a known length.
    #[must_use]
    pub fn gzipped(self, level: u8, slot: Slot) -> Self {
        if let Self::Full(bytes) = &self
            && let Some(coded) = gzip::at_once(bytes, level)
        {
            return Self::from(coded);
        }
        Self::Gzipped(Box::new(Gzip::new(self, level, slot)))
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
        matches!(
            self,
            Self::Streamed(_) | Self::Withheld(_) | Self::Peeked(..) | Self::Gzipped(_)
        )
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
            Self::Withheld(mut withheld) => {
                let polled = withheld.poll(cx);
                if polled.is_pending() {
                    *self = Self::Withheld(withheld);
                    return Poll::Pending;
                }
                *self = Self::Streamed(withheld.into_body());
                self.poll_frame(cx)
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
            Self::Streamed(metered) => metered.over || metered.inner.is_over(),
            Self::Withheld(withheld) => withheld.body().inner.is_over(),
            Self::Gzipped(gzip) => gzip.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(metered) => metered.inner.size_hint(),
            Self::Withheld(withheld) => withheld.body().inner.size_hint(),
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
