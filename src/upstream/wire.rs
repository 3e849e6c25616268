//! The socket to a server, with an eye on what went over it during the present request. That decides
//! whether a request may be sent again, and cuts off a server that talks without ever answering.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::upstream::socket::Socket;

/// The most bytes a server may send before its answer's head is complete. Interim answers (1xx) are
/// skipped without end otherwise, each one small enough for the limit of a head.
const BEFORE_HEAD: usize = 256 * 1024;

/// What went over the wire since the request began. Written by the connection's task, read by the
/// request's; both run on one worker, so plain loads and stores do.
#[derive(Debug, Default)]
pub(super) struct Wire {
    heard: AtomicUsize,
    answered: AtomicBool,
    broken: AtomicBool,
}

/// A socket that keeps a [`Wire`] up to date.
pub(super) struct Wired {
    stream: Socket,
    wire: Arc<Wire>,
}

impl Wire {
    /// A new request begins.
    pub(super) fn begin(&self) {
        self.heard.store(0, Relaxed);
        self.answered.store(false, Relaxed);
    }

    /// The head of the answer is complete.
    pub(super) fn answered(&self) {
        self.answered.store(true, Relaxed);
    }

    /// Whether a byte of an answer came.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Relaxed) > 0
    }

    /// Whether the server talked too long without an answer.
    pub(super) fn is_flooded(&self) -> bool {
        !self.answered.load(Relaxed) && self.heard.load(Relaxed) > BEFORE_HEAD
    }

    /// Whether the server stopped listening.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    fn hear(&self, bytes: usize) -> io::Result<()> {
        self.heard
            .store(self.heard.load(Relaxed).saturating_add(bytes), Relaxed);
        if self.is_flooded() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "too many interim answers",
            ));
        }
        Ok(())
    }
}

impl Wired {
    pub(super) fn new(stream: Socket, wire: Arc<Wire>) -> Self {
        Self { stream, wire }
    }

    /// The socket alone, for what is no HTTP.
    pub(super) fn into_stream(self) -> Socket {
        self.stream
    }

    /// A server that closes may have answered before: 413 or 401, without reading the body. Its answer
    /// waits behind the failed write, so the write is called done and reading tells what is true
    /// (RFC 9112 §9.5: a client watches for an answer while it sends).
    fn swallow(&self, wrote: io::Result<usize>, all: usize) -> io::Result<usize> {
        wrote.or_else(|_| {
            self.wire.broken.store(true, Relaxed);
            Ok(all)
        })
    }
}

impl AsyncRead for Wired {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        Poll::Ready(self.wire.hear(buf.filled().len().saturating_sub(before)))
    }
}

impl AsyncWrite for Wired {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        Poll::Ready(self.swallow(wrote, buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        Poll::Ready(self.swallow(wrote, bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_write_to_nobody_is_left_to_the_reading_side() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        socket2::SockRef::from(&peer)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(peer);
        let wire = Arc::new(Wire::default());
        let mut wired = Wired::new(Socket::Plain(stream), Arc::clone(&wire));
        while !wire.is_broken() {
            wired.write_all(b"request").await.unwrap();
        }
        assert!(!matches!(wired.read(&mut [0]).await, Ok(1..)));
        assert!(!wire.has_heard());
    }

    #[test]
    fn only_what_comes_before_the_head_is_counted_as_a_flood() {
        let wire = Wire::default();
        assert!(wire.hear(BEFORE_HEAD).is_ok());
        assert!(wire.hear(1).is_err());
        wire.begin();
        assert!(!wire.has_heard());
        wire.answered();
        assert!(wire.hear(BEFORE_HEAD + 1).is_ok());
    }
}
