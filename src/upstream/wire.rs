//! The socket to a server, with an eye on what goes over it: what the server sends is vetted before hyper reads it,
//! and what went over the wire during the present request decides whether it may be sent again.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::upstream::socket::Socket;

use crate::http::hints::Hints;
use crate::http::vet::{Asked, Fault, Vet};
use crate::upstream::Sight;

/// In place of a number: there is none.
const NONE: u8 = u8::MAX;

/// What went over the wire since the request began. Written by the connection's task, read by the
/// request's; both run on one worker, so plain loads and stores do.
#[derive(Debug)]
pub(super) struct Wire {
    /// What the next answer is an answer to, as the number of an [`Asked`], until it begins.
    asked: AtomicU8,
    /// The [`Fault`] of what the server sent, as its number.
    fault: AtomicU8,
    sent: AtomicBool,
    heard: AtomicBool,
    broken: AtomicBool,
    hinted: AtomicBool,
    hints: Mutex<Vec<u8>>,
    /// Whose request it is, woken by hints.
    asker: AtomicWaker,
}

/// A socket that keeps a [`Wire`] up to date.
pub(super) struct Wired {
    stream: Socket,
    wire: Arc<Wire>,
    vet: Vet,
    sight: Arc<dyn Sight>,
    over: bool,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            asked: AtomicU8::new(NONE),
            fault: AtomicU8::new(NONE),
            sent: AtomicBool::default(),
            heard: AtomicBool::default(),
            broken: AtomicBool::default(),
            hinted: AtomicBool::default(),
            hints: Mutex::default(),
            asker: AtomicWaker::default(),
        }
    }
}

impl Wire {
    /// A new request begins.
    pub(super) fn begin(&self, asked: Asked) {
        self.asked.store(asked.number(), Relaxed);
        self.sent.store(false, Relaxed);
        self.heard.store(false, Relaxed);
    }

    /// The head of the answer has been read, so nobody waits for hints any more.
    pub(super) fn answered(&self) {
        self.asker.take();
    }

    /// Whether a byte of an answer came.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    /// What is wrong with what the server sent.
    pub(super) fn fault(&self) -> Option<Fault> {
        Fault::numbered(self.fault.load(Relaxed))
    }

    /// Whether the server stopped listening, or said more than it was asked.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    /// Passes hints on to the client, those that have come and, while the answer is awaited, those to come.
    pub(super) fn pass_hints(&self, hints: Option<&Hints>, cx: &Context<'_>, awaited: bool) {
        let Some(hints) = hints else { return };
        if awaited {
            self.asker.register(cx.waker());
        }
        if self.hinted.load(Relaxed) {
            self.hinted.store(false, Relaxed);
            hints.add(&std::mem::take(&mut *self.hints()));
        }
    }

    fn hint(&self, lines: &[u8]) {
        self.hints().extend_from_slice(lines);
        self.hinted.store(true, Relaxed);
        self.asker.wake();
    }

    fn hints(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that begins, if one was asked for; that its request has begun to be sent is part of it.
    fn take_asked(&self) -> Option<Asked> {
        let asked = Asked::numbered(self.asked.load(Relaxed)).filter(|_| self.sent.load(Relaxed));
        if asked.is_some() {
            self.asked.store(NONE, Relaxed);
        }
        asked
    }
}

impl Wired {
    pub(super) fn new(stream: Socket, wire: Arc<Wire>, sight: Arc<dyn Sight>) -> Self {
        Self {
            stream,
            wire,
            vet: Vet::default(),
            sight,
            over: false,
        }
    }

    /// The socket alone, for what is no HTTP.
    pub(super) fn into_stream(self) -> Socket {
        self.stream
    }

    /// How many of these bytes hyper may see. What is beyond the answer is thrown away with the connection: whoever
    /// reads on takes it for the answer to the next request (RFC 9112 §11.1).
    fn hear(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.vet.is_at_rest() {
            match self.wire.take_asked() {
                Some(asked) => self.vet.begin(asked),
                None => return Err(self.give_up(Fault::Unasked)),
            }
        }
        self.wire.heard.store(true, Relaxed);
        let used = self.vet.read(bytes).map_err(|fault| self.give_up(fault))?;
        if self.vet.has_hints() {
            self.wire.hint(&self.vet.take_hints());
        }
        if used < bytes.len() {
            self.note(Fault::Excess);
        }
        Ok(used)
    }

    #[cold]
    fn give_up(&mut self, fault: Fault) -> io::Error {
        self.wire.fault.store(fault.number(), Relaxed);
        self.note(fault);
        io::Error::new(io::ErrorKind::InvalidData, fault)
    }

    /// Counts a fault; after one nothing more is read.
    #[cold]
    fn note(&mut self, fault: Fault) {
        self.over = true;
        self.wire.broken.store(true, Relaxed);
        self.sight.malformed(fault.name());
        // One that ends a request is told with that request.
        if !self.vet.is_in_head() {
            tracing::warn!(
                server = self.stream.peer_addr().ok().map(tracing::field::display),
                reason = fault.name(),
                "what the upstream sent is no answer; its connection was closed"
            );
        }
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
        if self.over {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let fresh = buf.filled().get(before..).unwrap_or_default();
        if !fresh.is_empty() {
            let heard = self.hear(fresh);
            buf.set_filled(before + heard.as_ref().copied().unwrap_or(0));
            heard?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wired {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.wire.sent.store(true, Relaxed);
        Poll::Ready(self.swallow(wrote, buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.wire.sent.store(true, Relaxed);
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
mod tests;
