//! What is written to a server, with the windows that are ours to grant: the settings announce what a stream begins with, and frames that grant
//! more go between those of h2, which does not know of them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;

use crate::http::h2_guard::PREFACE;
use crate::http::h2_guard::frame::{Follower, HEAD, Head, SETTING, Step, flag, kind, window_update};
use crate::upstream::http2::windows::Windows;

const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
/// Pieces that are written with ours in one call.
const PIECES: usize = 3;

/// The writing side of a connection.
#[derive(Debug)]
pub(super) struct Outlet {
    windows: Arc<Windows>,
    /// Preface and settings, until they are whole.
    opening: Option<Vec<u8>>,
    sent: Sent,
    /// Frames of ours, to be written between two of h2's.
    ours: BytesMut,
}

/// How far the frames of h2 have been written.
#[derive(Debug, Default, Clone)]
struct Sent {
    follower: Follower,
    /// The last stream whose head was.
    opened: u32,
    /// More of a head is to come, which nothing may interrupt (RFC 9113 §6.10).
    in_head: bool,
}

impl Sent {
    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some(step) = self.follower.step(&mut bytes) {
            if let Step::Head(head) = step
                && matches!(head.kind, kind::HEADERS | kind::CONTINUATION)
            {
                self.opened = self.opened.max(head.stream);
                self.in_head = !head.has(flag::END_HEADERS);
            }
        }
    }

    fn is_between(&self) -> bool {
        self.follower.is_between() && !self.in_head
    }
}

impl Outlet {
    pub(super) fn new(windows: &Arc<Windows>) -> Self {
        Self {
            windows: Arc::clone(windows),
            opening: Some(Vec::new()),
            sent: Sent::default(),
            ours: BytesMut::new(),
        }
    }

    /// Writes of these pieces what the socket takes.
    pub(super) fn poll_write(
        &mut self,
        mut socket: Pin<&mut (impl AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.opening.is_some() {
            let first = pieces.iter().find(|piece| !piece.is_empty());
            return Poll::Ready(Ok(first.map_or(0, |piece| self.open(piece))));
        }
        if self.sent.is_between() {
            ready!(self.poll_ours(socket.as_mut(), cx))?;
        }
        let before = self.sent.clone();
        for piece in pieces {
            self.sent.follow(piece);
        }
        if pieces.len() <= PIECES && self.sent.is_between() {
            self.gather();
        }
        let polled = if self.ours.is_empty() {
            socket.poll_write_vectored(cx, pieces)
        } else {
            let mut all = [IoSlice::new(&[]); PIECES + 1];
            let ours = [IoSlice::new(&self.ours)];
            for (place, piece) in all.iter_mut().zip(pieces.iter().chain(&ours)) {
                *place = *piece;
            }
            socket.poll_write_vectored(cx, &all)
        };
        let whole: usize = pieces.iter().map(|piece| piece.len()).sum();
        let written = match &polled {
            Poll::Ready(Ok(written)) => *written,
            _ => 0,
        };
        if written < whole {
            self.take_back(before, pieces, written);
        }
        self.ours
            .advance(written.saturating_sub(whole).min(self.ours.len()));
        polled.map_ok(|written| written.min(whole))
    }

    /// Writes what is to be told, and all that the socket still has.
    pub(super) fn poll_flush(
        &mut self,
        mut socket: Pin<&mut (impl AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.windows.set_writer(cx.waker());
        if self.opening.is_none() && self.sent.is_between() {
            self.gather();
            ready!(self.poll_ours(socket.as_mut(), cx))?;
        }
        socket.poll_flush(cx)
    }

    /// Takes of the preface and the settings behind it, and says how much. Once they are whole they are ours.
    fn open(&mut self, bytes: &[u8]) -> usize {
        let Some(opening) = &mut self.opening else {
            return 0;
        };
        // Of the settings all, once their head says how much that is.
        let whole = end_of_settings(opening).unwrap_or(PREFACE.len() + HEAD);
        let taken = bytes.get(..whole - opening.len()).unwrap_or(bytes);
        opening.extend_from_slice(taken);
        if end_of_settings(opening) == Some(opening.len()) {
            announce(
                self.windows.start.octets(),
                opening.get_mut(PREFACE.len() + HEAD..).unwrap_or_default(),
            );
            self.ours.extend_from_slice(opening);
            self.opening = None;
        }
        taken.len()
    }

    fn gather(&mut self) {
        let ours = &mut self.ours;
        self.windows.tell(self.sent.opened, |stream, octets| {
            ours.extend_from_slice(&window_update(stream, octets));
        });
    }

    fn poll_ours(
        &mut self,
        mut socket: Pin<&mut (impl AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.ours.is_empty() {
            let written = ready!(socket.as_mut().poll_write(cx, &self.ours))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.ours.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Not all of the pieces was written: what comes behind them may be of streams that the server does not know yet.
    fn take_back(&mut self, before: Sent, pieces: &[IoSlice<'_>], written: usize) {
        self.sent = before;
        let mut left = written;
        for piece in pieces {
            let piece = piece.get(..left).unwrap_or(piece);
            self.sent.follow(piece);
            left -= piece.len();
        }
        while let Some(frame) = self.ours.first_chunk::<{ HEAD + 4 }>() {
            let [head @ .., a, b, c, d] = *frame;
            self.windows
                .untold(Head::read(head).stream, u32::from_be_bytes([a, b, c, d]));
            self.ours.advance(HEAD + 4);
        }
    }
}

fn end_of_settings(opening: &[u8]) -> Option<usize> {
    let head = opening.get(PREFACE.len()..).and_then(<[u8]>::first_chunk)?;
    Some(PREFACE.len() + HEAD + Head::read(*head).length as usize)
}

/// In the settings that h2 writes, which has no bound for a stream: that is kept here.
fn announce(first: u32, settings: &mut [u8]) {
    for entry in settings.chunks_exact_mut(SETTING) {
        if let Some((name, value)) = entry.split_first_chunk_mut::<2>()
            && *name == INITIAL_WINDOW_SIZE
        {
            value.copy_from_slice(&first.to_be_bytes());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
