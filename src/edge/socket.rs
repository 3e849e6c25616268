//! A client's socket, in the clear or under TLS. One type for both, so that what serves it is compiled once;
//! which of the two it is costs a branch for each read and write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use crate::edge::wire::Wire;
use crate::http::gather::gathered;

/// A client's socket.
pub enum Socket {
    /// In the clear.
    Plain(Wire),
    /// Under TLS, after the handshake.
    Tls(Box<TlsStream<Wire>>),
}

impl Socket {
    /// The protocol agreed on in the handshake (ALPN), if there was one.
    pub fn agreed(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    /// Whether it is under TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Ends it with a reset: what the kernel still holds for a client that fetches nothing would be kept for
    /// minutes otherwise.
    pub fn reset(self) {
        let socket = match &self {
            Self::Plain(socket) => socket.stream(),
            Self::Tls(stream) => stream.get_ref().0.stream(),
        };
        let _gone = socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Whether it took bytes out of the buffer of TLS since it was asked last. In the clear there is none.
    pub fn took(&mut self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_mut().0.took(),
        }
    }

    /// The name the client asked for in the handshake (SNI).
    pub fn asked_for(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.server_name(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => gathered(bufs, |one| Pin::new(&mut *stream).poll_write(cx, one))
                .unwrap_or_else(|| Pin::new(stream).poll_write_vectored(cx, bufs)),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }
}
