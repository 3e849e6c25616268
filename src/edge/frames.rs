//! What hyper reads and writes HTTP/2 through: each frame passes the guard on its way, and a connection that the
//! guard ends is taken out of hyper's hands, told why, and closed. What is written is left as it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::oneshot;

use crate::edge::tap::Tap;
use crate::http::h2_guard::{Fault, Guard};
use crate::http::phase::Phase;

/// Frames of DATA in one read after which those that read bodies have a turn: h2 ends a connection of which some thousands
/// of small ones lie unread, and a socket may hold more.
const BURST: usize = 64;
/// How long a client that is sent away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);
/// And how much of a flood is read meanwhile.
const DRAIN: usize = 64 << 10;

/// A connection under guard.
pub(super) struct Frames {
    /// None once the guard has ended the connection.
    tap: Option<Tap>,
    guard: Box<Guard>,
    /// Frames of DATA in the last read.
    burst: usize,
    phase: Arc<Phase>,
    /// Where the connection goes when the guard ends it.
    parted: Option<oneshot::Sender<Parting>>,
}

/// A connection that the guard has ended.
pub(super) struct Parting {
    /// What its client did.
    pub(super) fault: Fault,
    tap: Tap,
    /// What to tell it; nothing where it would land inside of another frame.
    goodbye: Option<[u8; 17]>,
}

impl Frames {
    /// Puts a guard before a connection; what the guard ends comes out of the other part.
    pub(super) fn new(tap: Tap, guard: Guard, phase: Arc<Phase>) -> (Self, oneshot::Receiver<Parting>) {
        let (parted, parting) = oneshot::channel();
        let frames = Self {
            tap: Some(tap),
            guard: Box::new(guard),
            burst: 0,
            phase,
            parted: Some(parted),
        };
        (frames, parting)
    }

    fn end(&mut self, fault: Fault) -> io::Error {
        if let Some((tap, parted)) = self.tap.take().zip(self.parted.take()) {
            let goodbye = self.guard.may_speak().then(|| self.guard.goodbye(fault));
            // If nobody waits for it the connection is over anyway.
            let _over = parted.send(Parting { fault, tap, goodbye });
        }
        ended()
    }

    fn tap(&mut self) -> io::Result<Pin<&mut Tap>> {
        self.tap.as_mut().map(Pin::new).ok_or_else(ended)
    }

    /// Passes on what was written and judges it.
    fn written(
        &mut self,
        polled: Poll<io::Result<usize>>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(Ok(mut left)) = polled else {
            return polled;
        };
        for buf in bufs {
            let bytes = buf.get(..left.min(buf.len())).unwrap_or_default();
            left -= bytes.len();
            if let Err(fault) = self.guard.said(bytes, Instant::now) {
                return Poll::Ready(Err(self.end(fault)));
            }
        }
        polled
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "ended by the guard")
}

impl AsyncRead for Frames {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let tap = this.tap.as_mut().ok_or_else(ended)?;
        if std::mem::take(&mut this.burst) > BURST {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(tap).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        match this.guard.heard(read, Instant::now) {
            Ok(data) => this.burst = data,
            Err(fault) => return Poll::Ready(Err(this.end(fault))),
        }
        let now = Instant::now();
        // A head that comes in pieces has its deadline even here, where other requests may be under way.
        if this.guard.is_in_head() {
            this.phase.heard(now);
        } else {
            this.phase.greeted(now);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Frames {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = self.tap()?.poll_write(cx, buf);
        self.written(polled, &[io::IoSlice::new(buf)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tap()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tap()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tap.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.tap()?.poll_write_vectored(cx, bufs);
        self.written(polled, bufs)
    }
}

impl Parting {
    /// Tells the client, and reads away what it still sends, since a socket closed over unread bytes takes back
    /// what was sent.
    pub(super) async fn farewell(self) {
        let _late = tokio::time::timeout(FAREWELL, self.tell()).await;
    }

    async fn tell(self) -> io::Result<()> {
        let Some(goodbye) = self.goodbye else {
            self.tap.into_socket().reset();
            return Ok(());
        };
        let mut socket = self.tap.into_socket();
        socket.write_all(&goodbye).await?;
        socket.shutdown().await?;
        let (mut waste, mut drained) = ([0; 2048], 0);
        while drained < DRAIN {
            match socket.read(&mut waste).await? {
                0 => break,
                read => drained += read,
            }
        }
        Ok(())
    }
}
