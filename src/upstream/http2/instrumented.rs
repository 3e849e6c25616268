//! The socket under an HTTP/2 connection to a server: what comes is heard on its way.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::upstream::http2::observer::{Frames, Observer};
use crate::upstream::socket::Socket;

/// What h2 reads and writes.
pub(super) struct Instrumented {
    socket: Socket,
    observer: Arc<Observer>,
    frames: Frames,
    /// The end of what was read, which is passed on with what comes behind it.
    held: Vec<u8>,
}

impl Instrumented {
    pub(super) fn new(socket: Socket, observer: &Arc<Observer>) -> Self {
        Self {
            socket,
            observer: Arc::clone(observer),
            frames: Frames::new(observer),
            held: Vec::new(),
        }
    }

    /// Reads on behind what was held back, and hears what came. Says whether anything did: the server has ended it otherwise.
    fn poll_heard(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let (before, known) = (buf.filled().len(), self.held.len());
        if known > 0 && known >= buf.remaining() {
            // There is no room for more: it is passed on for what it is.
            let passed = buf.remaining();
            buf.put_slice(self.held.drain(..passed).as_slice());
            return Poll::Ready(Ok(true));
        }
        buf.put_slice(&self.held);
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        if buf.filled().len() == before + known {
            buf.set_filled(before);
            return polled.map_ok(|()| false);
        }
        let new = buf.filled_mut().get_mut(before..).unwrap_or_default();
        let heard = self.frames.hear(new, known);
        let back = heard.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let end = buf.filled().len().saturating_sub(back);
        self.held.clear();
        self.held
            .extend_from_slice(buf.filled().get(end..).unwrap_or_default());
        buf.set_filled(end);
        Poll::Ready(Ok(true))
    }
}

impl AsyncRead for Instrumented {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            match ready!(this.poll_heard(cx, buf)) {
                Err(error) => return Poll::Ready(Err(this.observer.end(error))),
                Ok(false) => {
                    let _ended = this.observer.end(io::ErrorKind::UnexpectedEof.into());
                    return Poll::Ready(Ok(()));
                }
                Ok(true) if buf.filled().len() > before => return Poll::Ready(Ok(())),
                // All that came is held back.
                Ok(true) => {}
            }
        }
    }
}

impl AsyncWrite for Instrumented {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
