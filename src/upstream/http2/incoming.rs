//! The body of an answer on its stream. What the client takes of it is granted to the server again.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, StatusCode, header, response};
use http_body::Frame;

use crate::http::inflow::{Flow, Inflow};
use crate::upstream::http2::link::Seat;
use crate::upstream::http2::outgoing::Source;

/// What is held of a stream until its answer is all read. A body that is still on its way is of no use then.
pub(in crate::upstream) struct Hold {
    pub(in crate::upstream) _seat: Seat,
    /// Whoever has it counts as talking to the server.
    pub(in crate::upstream) _lane: Arc<dyn Send + Sync>,
    pub(in crate::upstream) _source: Option<Source>,
}

/// A body on its stream. Dropped before its end, it resets the stream; the connection and its other streams go on.
pub(in crate::upstream) struct Incoming {
    /// Gone once the body is over.
    hold: Option<Hold>,
    stream: RecvStream,
    /// Read with the head.
    first: Option<Bytes>,
    /// How much is still to come, as the server has it.
    left: Option<u64>,
    /// It broke off, which is told after what came before has been written.
    broken: Option<h2::Error>,
    over: bool,
}

impl Incoming {
    /// The body of the answer whose head has come. Most are all there by then.
    pub(in crate::upstream) fn begin(
        mut stream: RecvStream,
        head: &response::Parts,
        hold: Option<Hold>,
    ) -> Inflow {
        // Whatever length they tell of, these have no body (RFC 9110 §6.4.1): h2 would miss it.
        if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Inflow::Whole(Bytes::new());
        }
        let first = match stream.poll_data(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(piece))) => Some(piece),
            _ => None,
        };
        if stream.is_end_stream() {
            return Inflow::Whole(first.unwrap_or_default());
        }
        Inflow::Own(Box::new(Self {
            hold,
            stream,
            first,
            left: length(&head.headers),
            broken: None,
            over: false,
        }))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(error) = self.broken.take() {
            self.over = true;
            return Poll::Ready(Some(Err(io::Error::other(error))));
        }
        if let Some(piece) = self.first.take() {
            return Poll::Ready(Some(Ok(self.took(piece))));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let broken = match ready!(self.stream.poll_data(cx)) {
            Some(Ok(piece)) => return Poll::Ready(Some(Ok(self.took(piece)))),
            Some(Err(error)) => error,
            None => match ready!(self.stream.poll_trailers(cx)) {
                Ok(trailers) => {
                    self.over = true;
                    let trailers = trailers.filter(|trailers| !trailers.is_empty());
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
                Err(error) => error,
            },
        };
        // Whoever writes the answer throws away what it still holds of it when it hears of this. So it gets to
        // write first: the client shall see what there was, and that it is not all.
        self.broken = Some(broken);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn took(&mut self, piece: Bytes) -> Frame<Bytes> {
        // A stream that has ended needs no window.
        let _ended = self.stream.flow_control().release_capacity(piece.len());
        self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
        Frame::data(piece)
    }
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
        self.broken.is_none() && self.first.is_none() && (self.over || self.stream.is_end_stream())
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

/// What its head says of its length.
fn length(head: &HeaderMap) -> Option<u64> {
    let length = head.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
