//! The socket under an HTTP/2 connection to a server: what comes is heard on its way, and what goes is written with the windows
//! that are granted here.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::upstream::http2::ears::{Ears, Frames};
use crate::upstream::http2::outlet::Outlet;
use crate::upstream::http2::windows::Windows;
use crate::upstream::socket::Socket;

/// What h2 reads and writes.
pub(super) struct Wire {
    socket: Socket,
    ears: Arc<Ears>,
    frames: Frames,
    outlet: Outlet,
    /// The end of what was read, which is passed on with what comes behind it.
    held: Vec<u8>,
    /// The frames that had come when others were last heard.
    told: u64,
}

/// Frames that are read before those are heard that take them: h2 keeps a place for each that lies there.
const BURST: u64 = 16;

impl Wire {
    pub(super) fn new(socket: Socket, ears: &Arc<Ears>, windows: &Arc<Windows>) -> Self {
        Self {
            socket,
            ears: Arc::clone(ears),
            frames: Frames::new(ears, windows),
            outlet: Outlet::new(windows),
            held: Vec::new(),
            told: 0,
        }
    }

    /// Reads on, and hears what came. Says whether anything did: the server has ended it otherwise.
    fn poll_heard(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let (before, known) = (buf.filled().len(), self.held.len());
        if known > 0 && known >= buf.remaining() {
            // There is no room for more: it is passed on for what it is.
            let passed = buf.remaining();
            buf.put_slice(self.held.drain(..passed).as_slice());
            return Poll::Ready(Ok(true));
        }
        let polled = match known {
            0 => Pin::new(&mut self.socket).poll_read(cx, buf),
            _ => self.poll_behind(cx, buf),
        };
        if polled.is_pending() && std::mem::take(&mut self.frames.goes_on) {
            acknowledge(&self.socket);
        }
        ready!(polled)?;
        let new = buf.filled_mut().get_mut(before..).unwrap_or_default();
        if new.is_empty() {
            return Poll::Ready(Ok(false));
        }
        let heard = self.frames.hear(new, known);
        let back = heard.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let back = back.min(new.len());
        let end = buf.filled().len() - back;
        self.held.clear();
        self.held
            .extend_from_slice(buf.filled().get(end..).unwrap_or_default());
        buf.set_filled(end);
        Poll::Ready(Ok(true))
    }

    /// Reads on behind what was held back.
    #[cold]
    fn poll_behind(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = buf.initialize_unfilled();
        let (front, behind) = room.split_at_mut(self.held.len());
        let mut behind = ReadBuf::new(behind);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut behind))?;
        let octets = behind.filled().len();
        if octets > 0 {
            front.copy_from_slice(&self.held);
            buf.advance(self.held.len() + octets);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ears.heard() - this.told >= BURST {
            this.told = this.ears.heard();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        loop {
            match ready!(this.poll_heard(cx, buf)) {
                Err(error) => return Poll::Ready(Err(this.ears.end(error))),
                Ok(false) => {
                    let _ended = this.ears.end(io::ErrorKind::UnexpectedEof.into());
                    return Poll::Ready(Ok(()));
                }
                Ok(true) if buf.filled().len() > before => return Poll::Ready(Ok(())),
                // All that came is held back.
                Ok(true) => {}
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.outlet.poll_write(Pin::new(&mut this.socket), cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.outlet.poll_flush(Pin::new(&mut this.socket), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// Says at once that what was read has come. A server that gathers what it writes (Nagle, RFC 9293 §3.7.4) keeps the end of each window until it
/// hears that, and the system would wait 40 ms for something to say it with.
fn acknowledge(socket: &Socket) {
    let _unsupported = SockRef::from(socket.tcp()).set_tcp_quickack(true);
}
