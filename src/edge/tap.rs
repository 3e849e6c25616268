//! A connection's socket with an ear on it: tells the [`Phase`] that bytes came in. What was read before the
//! tap was set comes first.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;

use crate::edge::greeting::Spoken;
use crate::edge::socket::Socket;
use crate::http::phase::Phase;

/// The socket and its phase.
pub struct Tap {
    socket: TokioIo<Socket>,
    /// Read already, and not yet passed on.
    early: Bytes,
    phase: Arc<Phase>,
    many: bool,
}

impl Tap {
    /// Listens in on a socket.
    pub(super) fn new(socket: Socket, early: Bytes, spoken: Spoken, phase: Arc<Phase>) -> Self {
        Self {
            socket: TokioIo::new(socket),
            early,
            phase,
            many: spoken == Spoken::Two,
        }
    }

    /// The socket alone.
    pub fn into_socket(self) -> Socket {
        self.socket.into_inner()
    }

    fn hear(&self) {
        if self.many {
            self.phase.greeted(Instant::now());
        } else {
            self.phase.heard(Instant::now());
        }
    }
}

impl Read for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.early.is_empty() {
            let length = self.early.len().min(buf.remaining());
            buf.put_slice(self.early.get(..length).unwrap_or_default());
            self.early.advance(length);
            if self.early.is_empty() {
                // Gives its memory back.
                self.early = Bytes::new();
            }
            self.hear();
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        // The end of the stream counts as well: it only ever ends the wait.
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.hear();
        }
        polled
    }
}

impl Write for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }
}
