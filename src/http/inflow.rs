//! Where a body comes from: a connection that hyper reads, or one of ours, or it is all there. It says what comes
//! and how much is left; how fast it must flow is not its business.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::http::flow::BodyFault;

/// A body that is read off a connection of ours.
pub trait Flow: Send {
    /// The next piece; none after the last.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>>;
    /// Whether nothing more will come.
    fn is_over(&self) -> bool;
    /// How many bytes are still to come, if that is known.
    fn left(&self) -> Option<u64>;
}

/// The source of a body.
pub enum Inflow {
    /// A connection that hyper reads.
    Hyper {
        /// What hyper hands over.
        incoming: Incoming,
        /// It is a stream of HTTP/2.
        stream: bool,
    },
    /// A connection of ours.
    Own(Box<dyn Flow>),
    /// All that there is, until it is taken.
    Whole(Bytes),
}

impl Inflow {
    /// The next piece.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match self {
            Self::Hyper { incoming, .. } => {
                let polled = Pin::new(incoming).poll_frame(cx);
                polled.map(|frame| frame.map(|frame| frame.map_err(BodyFault::Sender)))
            }
            Self::Own(flow) => {
                let polled = flow.poll(cx);
                polled.map(|frame| frame.map(|frame| frame.map_err(BodyFault::Broken)))
            }
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    /// Takes what nobody has read, where that is of a stream of HTTP/2.
    pub fn take_unread(&mut self) -> Option<Self> {
        let unread = matches!(self, Self::Hyper { stream: true, .. }) && !self.is_over();
        unread.then(|| std::mem::replace(self, Self::Whole(Bytes::new())))
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Hyper { incoming, .. } => incoming.is_end_stream(),
            Self::Own(flow) => flow.is_over(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    /// How many bytes are still to come.
    pub fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper { incoming, .. } => incoming.size_hint(),
            Self::Own(flow) => flow.left().map_or_else(SizeHint::default, SizeHint::with_exact),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

impl std::fmt::Debug for Inflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Inflow").field(&self.size_hint().exact()).finish()
    }
}

impl From<Incoming> for Inflow {
    fn from(incoming: Incoming) -> Self {
        Self::Hyper {
            incoming,
            stream: false,
        }
    }
}
