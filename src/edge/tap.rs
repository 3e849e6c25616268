//! A connection's socket with an ear on it: tells the [`Phase`] that bytes came in, and whether the client takes
//! what is sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::http::phase::Phase;

/// The socket and its phase.
pub struct Tap {
    socket: TokioIo<TcpStream>,
    phase: Arc<Phase>,
}

impl Tap {
    /// Listens in on a socket.
    pub fn new(socket: TcpStream, phase: Arc<Phase>) -> Self {
        Self {
            socket: TokioIo::new(socket),
            phase,
        }
    }

    /// The socket alone.
    pub fn into_socket(self) -> TcpStream {
        self.socket.into_inner()
    }
}

impl Read for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        // The end of the stream counts as well: it only ever ends the wait.
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.phase.heard(Instant::now());
        }
        polled
    }
}

impl Write for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.phase.wrote(polled.is_ready(), Instant::now);
        polled
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
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.phase.wrote(polled.is_ready(), Instant::now);
        polled
    }
}
