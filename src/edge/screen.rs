//! A client's socket behind the guard: hyper reads through it and gets nothing that is not clean. What is
//! faulty gets a stand-in: a request that no client can send, answered in its turn by the stack like any
//! other, which looks up what was found ([`Unread`](crate::http::unread::Unread)). It judges nothing itself.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use http::Method;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::tap::Tap;
use crate::gateway::listener::Listener;
use crate::http::connection::Connection;
use crate::http::guard::fault::Fault;
use crate::http::guard::request_line::Version;
use crate::http::guard::seen::{self, Seen};
use crate::http::guard::{Broken, Guard, Limits};
use crate::http::refusal::{Deadline, Refusal};

/// A socket of HTTP/1.1 and its guard.
pub(super) struct Screen {
    tap: Tap,
    guard: Guard,
    limits: Limits,
    connection: Arc<Connection>,
    /// Read, and not clean yet: part of a head, or of a line between chunks. Nearly always empty, since most
    /// heads come in one piece.
    held: BytesMut,
    /// Clean, and not yet passed on.
    ready: BytesMut,
    /// What is wrong with the body that is being read.
    broken: Option<Fault>,
    /// What is held must be looked at again once the request under way is answered: hyper waits for the socket, and
    /// would not. Never set between requests, when nothing but the socket can bring news.
    waiting: bool,
}

impl Screen {
    /// The socket of a connection that begins.
    pub(super) fn new(tap: Tap, listener: &Listener, connection: Arc<Connection>) -> Self {
        let limits = Limits {
            head: listener.max_head,
            target: usize::try_from(listener.max_target).unwrap_or(usize::MAX),
            fields: listener.max_headers,
        };
        Self {
            tap,
            guard: Guard::new(limits),
            limits,
            connection,
            held: BytesMut::new(),
            ready: BytesMut::new(),
            broken: None,
            waiting: false,
        }
    }

    /// The socket for what is no HTTP any more, and what was read off it: `passed` went through, and was not
    /// asked for.
    pub(super) fn into_parts(self, passed: Bytes) -> (Tap, Bytes) {
        if self.ready.is_empty() && self.held.is_empty() {
            return (self.tap, passed);
        }
        let all = [&passed[..], &self.ready, &self.held].concat();
        (self.tap, all.into())
    }

    /// Passes on what lies ready, or the fault that comes after it.
    fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        if self.ready.is_empty() {
            let fault = self.broken.take()?;
            return Some(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
        }
        let length = self.ready.len().min(buf.remaining());
        buf.put_slice(self.ready.get(..length).unwrap_or_default());
        self.ready.advance(length);
        if self.ready.is_empty() {
            // Gives its memory back.
            self.ready = BytesMut::new();
        }
        Some(Ok(()))
    }

    /// Whether to wait for the answer that decides what the next bytes are.
    fn waits_for_answer(&mut self) -> bool {
        if !self.guard.is_undecided() {
            return false;
        }
        if self.connection.phase.is_busy() {
            // Further bytes would only be hoarded; that the client leaves is heard as long as there are few.
            return self.held.len() >= self.limits.head;
        }
        self.guard.stay();
        self.vet_held();
        false
    }

    /// Judges what was just read into `buf`. False if none of it passes yet.
    fn vet_read(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let read = buf.filled().get(before..).unwrap_or_default();
        if read.is_empty() {
            // The end. What is held never became a request.
            return true;
        }
        if !self.held.is_empty() {
            self.held.extend_from_slice(read);
            buf.set_filled(before);
            self.vet_held();
            return false;
        }
        let vetted = self.guard.vet(read);
        if vetted.clean == read.len() && vetted.broken.is_none() {
            return true;
        }
        self.held
            .extend_from_slice(read.get(vetted.clean..).unwrap_or_default());
        buf.set_filled(before + vetted.clean);
        self.settle(vetted.broken);
        vetted.clean > 0
    }

    fn vet_held(&mut self) {
        let vetted = self.guard.vet(&self.held);
        self.ready = self.held.split_to(vetted.clean);
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
        self.settle(vetted.broken);
    }

    fn settle(&mut self, broken: Option<Broken>) {
        match broken {
            None => {}
            Some(Broken::Body(fault)) => self.broken = Some(fault),
            Some(Broken::Head(fault)) => self.refuse(fault.into()),
        }
    }

    /// Puts a stand-in in the place of the head that is held.
    fn refuse(&mut self, refusal: Refusal) {
        let seen = seen::read(&self.held, &self.limits);
        self.held = BytesMut::new();
        self.guard.end();
        self.ready.extend_from_slice(stand_in(&seen).as_bytes());
        self.connection.unread.leave(refusal, seen);
    }

    /// Nothing comes for now. True if that was waited for too long, and there is something to pass on.
    fn is_overdue(&mut self) -> bool {
        if !self.guard.is_at_head() {
            return false;
        }
        if self.connection.unread.is_overdue() {
            self.refuse(Refusal::RequestTimeout(Deadline::RequestHead));
            return true;
        }
        if !self.held.is_empty() {
            // It may have begun while the request before it was under way, and the timer knows only of that.
            self.connection.phase.heard(Instant::now());
            self.connection.phase.nudge();
        }
        false
    }
}

/// A request for `*`, which the guard lets nobody ask for, of the version and kind whose answer the client
/// can read. The connection ends with it.
fn stand_in(seen: &Seen) -> String {
    let method = if seen.method == Method::HEAD {
        "HEAD"
    } else {
        "GET"
    };
    let minor = match seen.version {
        Version::Zero => 0,
        Version::One => 1,
    };
    format!("{method} * HTTP/1.{minor}\r\nconnection: close\r\n\r\n")
}

impl AsyncRead for Screen {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if let Some(outcome) = this.deliver(buf) {
                return Poll::Ready(outcome);
            }
            if this.guard.is_over() {
                return Poll::Pending;
            }
            if this.waits_for_answer() {
                this.waiting = true;
                return Poll::Pending;
            }
            if this.broken.is_some() || !this.ready.is_empty() {
                // What was held while the answer was awaited comes before what the socket has, or two requests
                // would change places and each get the other's answer.
                continue;
            }
            let before = buf.filled().len();
            match Pin::new(&mut this.tap).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if this.vet_read(buf, before) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {}
                Poll::Pending if this.is_overdue() => {}
                other => {
                    this.waiting = !this.held.is_empty() && this.connection.phase.is_busy();
                    return other;
                }
            }
        }
    }
}

impl AsyncWrite for Screen {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tap).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The last thing done to an answer.
        if self.waiting && !self.connection.phase.is_busy() {
            self.waiting = false;
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut self.tap).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.guard.is_over() {
            // What follows a fault is read by nobody, and may still be coming.
            self.connection.phase.leaves_unread(true);
        }
        Pin::new(&mut self.tap).poll_end(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tap.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tap).poll_write_vectored(cx, bufs)
    }
}
