//! The body of a request on its way out: as fast as the server takes it, and to its end, or the stream is reset.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body as _, Frame};

use crate::upstream::http2::outgoing::Outgoing;

/// What becomes of the stream.
enum End {
    /// All is sent.
    Sent,
    /// It is over for the server, or its connection is.
    Over,
    /// The client broke off, or nobody wants the rest: the server must not take it for all (RFC 9113 §8.1.1).
    Cut,
}

struct BodySender {
    body: Outgoing,
    stream: SendStream<Bytes>,
    /// A piece that the server has no room for yet, and whether it is the last.
    next: Option<(Bytes, bool)>,
}

/// Sends a body.
pub(super) async fn send_body(body: Outgoing, stream: SendStream<Bytes>) {
    let mut sender = BodySender {
        body,
        stream,
        next: None,
    };
    if let End::Cut = poll_fn(|cx| sender.poll(cx)).await {
        sender.stream.send_reset(Reason::CANCEL);
    }
}

impl BodySender {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if self.stream.poll_reset(cx).is_ready() {
                return Poll::Ready(End::Over);
            }
            // Also while the server has no room: it may never have any.
            if self.body.poll_cut(cx).is_ready() {
                return Poll::Ready(End::Cut);
            }
            if let Some(end) = ready!(self.poll_next(cx)) {
                return Poll::Ready(end);
            }
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(of(&self.stream.send_data(Bytes::new(), true)));
            };
            let Ok(frame) = frame else {
                return Poll::Ready(End::Cut);
            };
            if let Some(end) = self.put(frame) {
                return Poll::Ready(end);
            }
        }
    }

    /// Sends the piece that waits, as there is room for it.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        while let Some((piece, last)) = self.next.take() {
            if self.stream.capacity() == 0 {
                self.next = Some((piece, last));
                match ready!(self.stream.poll_capacity(cx)) {
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return Poll::Ready(Some(End::Over)),
                }
            }
            if let Some(end) = self.send(piece, last) {
                return Poll::Ready(Some(end));
            }
        }
        Poll::Ready(None)
    }

    fn put(&mut self, frame: Frame<Bytes>) -> Option<End> {
        match frame.into_data() {
            Ok(piece) => {
                let last = self.body.is_end_stream();
                if piece.is_empty() {
                    return last.then(|| of(&self.stream.send_data(piece, true)));
                }
                // Not before there is a piece: what is asked for is kept from other streams meanwhile.
                self.stream.reserve_capacity(piece.len());
                self.next = Some((piece, last));
                None
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                self.stream.reserve_capacity(0);
                Some(of(&self.stream.send_trailers(trailers)))
            }
        }
    }

    /// Sends of the piece what there is room for: h2 would keep the rest, with all that it lies in.
    fn send(&mut self, mut piece: Bytes, last: bool) -> Option<End> {
        let rest = piece.split_off(piece.len().min(self.stream.capacity()));
        let ends = last && rest.is_empty();
        let sent = self.stream.send_data(piece, ends);
        if ends || sent.is_err() {
            return Some(of(&sent));
        }
        if !rest.is_empty() {
            self.stream.reserve_capacity(rest.len());
            self.next = Some((rest, last));
        }
        None
    }
}

fn of(sent: &Result<(), h2::Error>) -> End {
    if sent.is_ok() { End::Sent } else { End::Over }
}
