//! An answer that begins before its request is all sent, as a refusal of a long upload does, or a conversion while it
//! runs. Who reads it may do so no sooner than all is sent; so here, and nowhere else, the connection has a task of its
//! own, which sends on while nobody reads. It reads no more than one piece ahead.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::AbortHandle;

use crate::http::inflow::Flow;
use crate::upstream::reading::Reading;

type Piece = io::Result<Frame<Bytes>>;

/// The body of such an answer. Dropped midway, its connection ends.
pub(super) struct Apart {
    pieces: Receiver<Piece>,
    /// How many bytes are still to come, if that was told.
    left: Option<u64>,
    /// Told after what came before has been passed on.
    fault: Option<io::Error>,
    over: bool,
    task: AbortHandle,
}

impl Apart {
    /// Lets the connection go on by itself.
    pub(super) fn begin(reading: Reading) -> Self {
        let left = reading.left();
        let (tell, pieces) = mpsc::channel(1);
        Self {
            pieces,
            left,
            fault: None,
            over: false,
            task: tokio::spawn(drive(reading, tell)).abort_handle(),
        }
    }
}

impl Flow for Apart {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        if let Some(fault) = self.fault.take() {
            self.over = true;
            return Poll::Ready(Some(Err(fault)));
        }
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Ok(frame)) => {
                let octets = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.left = self.left.map(|left| left.saturating_sub(octets));
                Poll::Ready(Some(Ok(frame)))
            }
            // As in `Reading`: what there was is written before this is heard.
            Some(Err(fault)) => {
                self.fault = Some(fault);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.over = true;
                Poll::Ready(None)
            }
        }
    }

    fn is_over(&self) -> bool {
        self.over || self.left == Some(0)
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads a piece whenever there is room for one, and sends on all the while.
async fn drive(mut reading: Reading, tell: Sender<Piece>) {
    loop {
        let mut room = pin!(tell.reserve());
        let room = poll_fn(|cx| {
            reading.send_on(cx);
            room.as_mut().poll(cx)
        });
        let Ok(room) = room.await else { return };
        let Some(piece) = poll_fn(|cx| reading.poll(cx)).await else {
            return;
        };
        let ends = piece.is_err();
        room.send(piece);
        if ends {
            return;
        }
    }
}
