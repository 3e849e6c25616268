//! A client's TCP socket, which tells whether it takes anything. Below TLS nothing else can, since that has a buffer of
//! its own. And a client that reads slowly is not one that reads nothing: the system tells of room only once a
//! third of its buffer is free, which may be a megabyte, so a full socket is offered bytes once a second as well.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Between two offers to a socket that is full.
const OFFER_EVERY: Duration = Duration::from_millis(900);

/// A socket, and whether it took bytes.
pub struct Wire {
    stream: TcpStream,
    took: bool,
    /// When the system said that it is full.
    full: Option<Instant>,
}

impl Wire {
    /// One that has taken nothing yet.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            took: false,
            full: None,
        }
    }

    /// The socket itself.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether it took bytes since it was asked last.
    pub(super) fn took(&mut self) -> bool {
        std::mem::take(&mut self.took)
    }

    fn note(&mut self, polled: Poll<io::Result<usize>>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = if polled.is_pending() {
            self.offer(buf)
        } else {
            self.full = None;
            polled
        };
        self.took |= matches!(polled, Poll::Ready(Ok(1..)));
        polled
    }

    /// The runtime has said that it will wake the task when there is much room; whether there is some, only the system
    /// can tell.
    fn offer(&mut self, buf: &[u8]) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        if buf.is_empty() || self.full.is_some_and(|full| now < full + OFFER_EVERY) {
            return Poll::Pending;
        }
        match socket2::SockRef::from(&self.stream).send(buf) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.full = Some(now);
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(polled, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(
            polled,
            bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf),
        )
    }
}
