//! What hyper reads and writes HTTP/2 through: each frame passes the guard on its way, and a connection that the
//! guard ends is taken out of hyper's hands, told why, and closed. What is written is left as it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::oneshot;

use crate::edge::gate::Gate;
use crate::edge::intake::{Intake, Stop};
use crate::edge::tap::Tap;
use crate::http::h2_guard::{Fault, Guard};
use crate::http::phase::Phase;
use crate::http::room::backlogs::Backlogs;

/// How long a client that is sent away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);
/// And how much of a flood is read meanwhile.
const DRAIN: usize = 64 << 10;

/// A connection under guard.
pub(super) struct Frames {
    /// None once the guard has ended the connection.
    tap: Option<Tap>,
    intake: Intake,
    phase: Arc<Phase>,
    gate: Arc<Gate>,
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
    pub(super) fn new(
        tap: Tap,
        guard: Guard,
        backlogs: Backlogs,
        phase: Arc<Phase>,
        gate: Arc<Gate>,
    ) -> (Self, oneshot::Receiver<Parting>) {
        let (parted, parting) = oneshot::channel();
        let frames = Self {
            tap: Some(tap),
            intake: Intake::new(guard, backlogs),
            phase,
            gate,
            parted: Some(parted),
        };
        (frames, parting)
    }

    fn end(&mut self, fault: Fault) -> io::Error {
        self.gate.end();
        if let Some((tap, parted)) = self.tap.take().zip(self.parted.take()) {
            let goodbye = self
                .intake
                .guard
                .may_speak()
                .then(|| self.intake.guard.goodbye(fault));
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
        self.gate.wrote(polled.is_ready());
        let Poll::Ready(Ok(mut left)) = polled else {
            return polled;
        };
        for buf in bufs {
            let bytes = buf.get(..left.min(buf.len())).unwrap_or_default();
            left -= bytes.len();
            if let Err(fault) = self.intake.guard.said(bytes, Instant::now) {
                return Poll::Ready(Err(self.end(fault)));
            }
        }
        polled
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "ended by the guard")
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.gate.end();
    }
}

impl AsyncRead for Frames {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let tap = this.tap.as_mut().ok_or_else(ended)?;
        let now = Instant::now;
        match ready!(this.intake.poll_read(tap, cx, buf, now)) {
            Ok(()) => {}
            Err(Stop::Io(error)) => return Poll::Ready(Err(error)),
            Err(Stop::Fault(fault)) => return Poll::Ready(Err(this.end(fault))),
        }
        let now = now();
        // A head that comes in pieces has its deadline even here, where other requests may be under way.
        if this.intake.guard.is_in_head() {
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
        let polled = self.tap()?.poll_flush(cx);
        // What TLS has accepted may still wait.
        self.gate.wrote(polled.is_ready());
        polled
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
