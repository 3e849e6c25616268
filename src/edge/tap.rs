//! A connection's socket with an ear on it: tells the [`Phase`] that bytes came in and whether the client takes
//! what is sent, and closes without taking back the answer from a client that still sends. What was read
//! before the tap was set comes first.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::edge::greeting::Spoken;
use crate::edge::socket::Socket;
use crate::http::connection::Connection;
use crate::http::memory::Account;
use crate::http::phase::Phase;

/// How long a client that still sends a refused body is listened to.
const LINGER: Duration = Duration::from_secs(2);

/// The socket and its phase.
pub struct Tap {
    socket: Socket,
    /// Read already, and not yet passed on.
    early: Bytes,
    phase: Arc<Phase>,
    memory: Arc<Account>,
    /// Our side is closed; rings when the client's must be too.
    lingering: Option<Pin<Box<Sleep>>>,
    many: bool,
    /// Of hints to the client, what is not yet written.
    hints: Bytes,
}

impl Tap {
    /// Listens in on a socket.
    pub(super) fn new(socket: Socket, early: Bytes, spoken: Spoken, connection: &Connection) -> Self {
        Self {
            socket,
            early,
            phase: Arc::clone(&connection.phase),
            memory: Arc::clone(&connection.memory),
            lingering: None,
            many: spoken == Spoken::Two,
            hints: Bytes::new(),
        }
    }

    /// The socket alone.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    fn hear(&self) {
        // Where many requests share a connection, bytes alone do not say what has begun.
        if !self.many {
            self.phase.heard(Instant::now());
        }
    }
}

impl Tap {
    /// Throws away what the client still sends, until it closes too. A socket closed with bytes unread is
    /// reset, and a reset destroys the answer if the client has not read it yet (RFC 9112 §9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .lingering
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut waste = [0; 4096];
        while timer.as_mut().poll(cx).is_pending() {
            let mut waste = ReadBuf::new(&mut waste);
            let socket = Pin::new(&mut self.socket);
            if ready!(socket.poll_read(cx, &mut waste)).is_err() || waste.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(())
    }
}

impl Tap {
    /// Writes what the client is told before its answer. Asked when all of the answers before is written, and never
    /// left half done: what is written next would end up in the middle of it.
    fn poll_hints(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.hints.is_empty() {
            let wrote = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.hints))?;
            if wrote == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.hints.advance(wrote);
        }
        Poll::Ready(Ok(()))
    }
}

impl Tap {
    /// What TLS has accepted may be as much as a client never reads. That it is read bit by bit can be seen as well.
    fn flushed(&mut self, waits: bool) {
        if waits && self.socket.took() || !waits && self.phase.is_blocked() {
            self.phase.wrote(Some(0), Instant::now);
        }
        if waits {
            self.phase.wrote(None, Instant::now);
        }
    }

    /// Ends a connection whose socket is dropped right after this: in the clear that says the same as a shutdown
    /// before it would, with one call to the kernel less.
    pub(super) fn poll_end(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() && !self.phase.is_unread() && self.has_more(cx) {
            self.phase.leaves_unread(true);
        }
        if self.socket.is_secure() || self.lingering.is_some() || self.phase.is_unread() {
            return self.poll_shutdown(cx);
        }
        self.as_mut().poll_flush(cx)
    }

    /// Whether the client sent more than was asked for: requests behind the last one that is answered. Costs no
    /// call to the kernel where nothing came, since the runtime knows that.
    fn has_more(&mut self, cx: &mut Context<'_>) -> bool {
        let mut waste = [0; 512];
        let mut waste = ReadBuf::new(&mut waste);
        let polled = Pin::new(&mut self.socket).poll_read(cx, &mut waste);
        matches!(polled, Poll::Ready(Ok(()))) && !waste.filled().is_empty()
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
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
        if !self.memory.may_read(cx) {
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        // The end of the stream counts as well: it only ever ends the wait.
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.hear();
        }
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_hints(cx))?;
        let polled = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.phase.wrote(taken(&polled), Instant::now);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.phase.hints.any() {
            // Taken even if those before are not yet written: their answer waits for no more than this.
            self.hints = [&self.hints[..], &self.phase.hints.take()].concat().into();
        }
        ready!(self.poll_hints(cx))?;
        let polled = Pin::new(&mut self.socket).poll_flush(cx);
        self.flushed(polled.is_pending());
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
            if !self.phase.is_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_linger(cx).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_hints(cx))?;
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.phase.wrote(taken(&polled), Instant::now);
        polled
    }
}

/// How much of a write the socket took; none if it takes nothing for now.
fn taken(polled: &Poll<io::Result<usize>>) -> Option<usize> {
    match polled {
        Poll::Ready(Ok(bytes)) => Some(*bytes),
        // A broken socket is not a full one.
        Poll::Ready(Err(_)) => Some(0),
        Poll::Pending => None,
    }
}
