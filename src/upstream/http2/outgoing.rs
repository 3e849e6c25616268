//! The request body on a shared connection. What has been read of it is kept until an answer begins, as long as
//! it is little: a server that leaves gives requests back unread (RFC 9113 §6.8, §8.7), and then they are sent again.

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

/// A request body, read by one attempt at a time.
#[derive(Debug, Clone)]
pub(super) struct Source(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    body: Body,
    length: SizeHint,
    /// What was read, from the first byte on; none once that is not kept any more.
    kept: Option<Vec<Piece>>,
    bytes: usize,
    /// Which attempt may read. An earlier one that still asks is told to stop.
    turn: u32,
    over: bool,
    broken: Option<Refusal>,
    reader: Option<Waker>,
}

#[derive(Debug, Clone)]
enum Piece {
    Bytes(Bytes),
    Trailers(HeaderMap),
}

/// What one attempt sends.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Nothing.
    Empty,
    /// What is left of a body, by this attempt's turn; so many pieces were sent.
    Turn(Source, u32, usize),
}

impl Source {
    /// None for a request without a body.
    pub(super) fn new(body: Body) -> Option<Self> {
        (!body.is_end_stream()).then(|| {
            Self(Arc::new(Mutex::new(State {
                length: body.size_hint(),
                body,
                kept: Some(Vec::new()),
                bytes: 0,
                turn: 0,
                over: false,
                broken: None,
                reader: None,
            })))
        })
    }

    /// The body from its first byte on, for a new attempt. To be asked for only while [`is_whole`](Self::is_whole).
    pub(super) fn begin(&self) -> Outgoing {
        let mut state = self.state();
        state.turn += 1;
        Outgoing::Turn(self.clone(), state.turn, 0)
    }

    /// Whether all of it can still be sent.
    pub(super) fn is_whole(&self) -> bool {
        let state = self.state();
        state.kept.is_some() && state.broken.is_none()
    }

    /// There is an answer: nothing will be sent again.
    pub(super) fn settle(&self) {
        self.state().kept = None;
    }

    /// Why it broke off, if it did.
    pub(super) fn broken(&self) -> Option<Refusal> {
        self.state().broken.clone()
    }

    /// Ends it where it is: nobody wants the rest.
    pub(super) fn cut(&self) {
        let mut state = self.state();
        state.turn += 1;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn poll(
        &mut self,
        sent: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if let Some(piece) = self.kept.as_ref().and_then(|kept| kept.get(*sent)) {
            *sent += 1;
            return Poll::Ready(Some(Ok(piece.clone().into())));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending => self.reader = Some(cx.waker().clone()),
            Poll::Ready(None) => self.over = true,
            Poll::Ready(Some(Err(fault))) => {
                self.over = true;
                self.broken = Some(of_body(fault));
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.keep(frame);
                *sent += 1;
            }
        }
        polled
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        self.bytes += frame.data_ref().map_or(0, Bytes::len);
        if self.bytes > MOST_KEPT {
            self.kept = None;
        }
        let piece = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(bytes), _) => Piece::Bytes(bytes.clone()),
            (None, Some(trailers)) => Piece::Trailers(trailers.clone()),
            (None, None) => return,
        };
        if let Some(kept) = &mut self.kept {
            kept.push(piece);
        }
    }
}

impl From<Piece> for Frame<Bytes> {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Bytes(bytes) => Frame::data(bytes),
            Piece::Trailers(trailers) => Frame::trailers(trailers),
        }
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
                let ahead = state.kept.as_ref().is_some_and(|kept| kept.len() > *sent);
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
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_small_body_is_sent_again_from_its_first_byte() {
        let source = Source::new(Body::from("twice")).unwrap();
        for _ in 0..2 {
            assert!(source.is_whole());
            let sent = source.begin().collect().await.unwrap();
            assert_eq!(sent.to_bytes(), "twice");
        }
    }

    #[tokio::test]
    async fn a_large_body_is_sent_once() {
        let source = Source::new(Body::from(vec![7; MOST_KEPT + 1])).unwrap();
        let sent = source.begin().collect().await.unwrap().to_bytes();
        assert_eq!(sent.len(), MOST_KEPT + 1);
        assert!(!source.is_whole());
    }

    #[tokio::test]
    async fn what_was_cut_ends_in_an_error_and_never_cleanly() {
        let source = Source::new(Body::from("cut")).unwrap();
        let sent = source.begin();
        source.cut();
        assert!(sent.collect().await.is_err());
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(Source::new(Body::Empty).is_none());
    }
}
