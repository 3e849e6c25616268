//! What is on its way to a server: the head, then the body as fast as the server takes it. A piece of the body is asked
//! for once the one before is on its way, so that a slow server slows its client.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName};
use http_body::{Body as _, Frame};
use tokio::io::AsyncWrite;

use super::head;
use crate::http::body::Body;
use crate::http::fields;
use crate::http::flow::BodyFault;
use crate::http::message::{Lines, Message};

/// What is copied to go out in one piece: more costs less where it is.
const COPIED: usize = 4096;
/// A buffer that has grown beyond this is given back.
const KEPT: usize = 16 * 1024;
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The request of a connection.
#[derive(Default)]
pub(super) struct Outbox {
    /// Heads, chunk lines and small data, from a place on.
    text: Vec<u8>,
    at: usize,
    /// One large piece of the body, after the text.
    data: Bytes,
    /// What ends that piece.
    end: &'static [u8],
    body: Option<Body>,
    framing: Framing,
    unflushed: bool,
    /// The server takes no more.
    pub(super) deaf: bool,
}

/// How the server is told where the body ends (RFC 9112 §6).
#[derive(Debug, Default)]
enum Framing {
    #[default]
    None,
    /// So many bytes are left.
    Length(u64),
    /// In chunks; these trailers are announced.
    Chunks(Vec<HeaderName>),
}

impl Outbox {
    /// A request that shall go out. What was left of the last one is thrown away.
    pub(super) fn begin(&mut self, message: Message) {
        self.text.clear();
        self.at = 0;
        if message.body.is_end_stream() {
            self.framing = Framing::None;
            self.body = None;
            return head::write(&mut self.text, &message, b"");
        }
        let mut told = message.lines.all(&header::CONTENT_LENGTH);
        let told = told.next().and_then(|length| length.to_str().ok()?.parse().ok());
        if let Some(length) = told {
            self.framing = Framing::Length(length);
            head::write(&mut self.text, &message, b"");
        } else {
            self.framing = Framing::Chunks(announced(&message.lines));
            head::write(&mut self.text, &message, b"transfer-encoding: chunked\r\n");
        }
        self.body = (told != Some(0)).then_some(message.body);
    }

    /// Whether all has been taken.
    pub(super) fn is_done(&self) -> bool {
        !self.deaf && !self.is_sending()
    }

    /// Whether there is more to write.
    pub(super) fn is_sending(&self) -> bool {
        self.body.is_some() || !self.is_empty() || self.unflushed
    }

    /// Writes on: ready when all has been taken, or nothing more will be. A server that hung up may have answered before
    /// (413 without reading the body), so that is for the reading side to tell (RFC 9112 §9.5).
    pub(super) fn poll(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyFault>> {
        loop {
            let waits = self.poll_body(cx)?;
            let moved = if !self.is_empty() {
                ready!(self.poll_write(socket, cx))
            } else if self.unflushed {
                ready!(self.poll_flush(socket, cx))
            } else {
                return if waits { Poll::Pending } else { Poll::Ready(Ok(())) };
            };
            if moved.is_err() {
                self.hang_up();
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Takes of the body what there is room for; whether it is waited for.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Result<bool, BodyFault> {
        // What ends a piece goes out before anything else: after it, the next chunk would stand inside of this one.
        while self.data.is_empty() && self.end.is_empty() && self.text.len() < COPIED {
            let Some(body) = &mut self.body else {
                return Ok(false);
            };
            match Pin::new(body).poll_frame(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Some(frame)) => self.add(frame?)?,
                Poll::Ready(None) => self.finish(None)?,
            }
        }
        Ok(false)
    }

    fn add(&mut self, frame: Frame<Bytes>) -> Result<(), BodyFault> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return self.finish(frame.into_trailers().ok()),
        };
        if data.is_empty() {
            return Ok(());
        }
        match &mut self.framing {
            Framing::Length(left) => {
                // More than was told would be the next request (RFC 9112 §11.2).
                *left = left.checked_sub(data.len() as u64).ok_or(BodyFault::Unwanted)?;
                self.put(data, b"");
            }
            Framing::Chunks(_) => {
                write_size(&mut self.text, data.len());
                self.put(data, b"\r\n");
            }
            Framing::None => return Err(BodyFault::Unwanted),
        }
        // A client of HTTP/2 may say later, or never, that what it told the length of is over.
        let is_whole = matches!(self.framing, Framing::Length(0));
        if is_whole || self.body.as_ref().is_some_and(Body::is_end_stream) {
            return self.finish(None);
        }
        Ok(())
    }

    fn put(&mut self, data: Bytes, end: &'static [u8]) {
        if self.text.len() + data.len() <= COPIED {
            self.text.extend_from_slice(&data);
            self.text.extend_from_slice(end);
        } else {
            (self.data, self.end) = (data, end);
        }
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), BodyFault> {
        self.body = None;
        match &self.framing {
            Framing::Length(1..) => return Err(BodyFault::Unwanted),
            Framing::Length(0) | Framing::None => {}
            Framing::Chunks(announced) => {
                let mut trailers = trailers.unwrap_or_default();
                if !trailers.is_empty() {
                    fields::retain(&mut trailers, |name| announced.contains(name));
                }
                if !self.data.is_empty() {
                    // Trailers come by themselves, when no data is held any more.
                    self.end = b"\r\n0\r\n\r\n";
                } else if trailers.is_empty() {
                    self.text.extend_from_slice(LAST_CHUNK);
                } else {
                    self.text.extend_from_slice(b"0\r\n");
                    head::write_lines(&mut self.text, trailers.iter());
                    self.text.extend_from_slice(b"\r\n");
                }
            }
        }
        Ok(())
    }

    fn poll_write(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let socket = Pin::new(socket);
        let text = self.text.get(self.at..).unwrap_or_default();
        let wrote = if self.data.is_empty() && self.end.is_empty() {
            socket.poll_write(cx, text)
        } else {
            let pieces = [
                IoSlice::new(text),
                IoSlice::new(&self.data),
                IoSlice::new(self.end),
            ];
            socket.poll_write_vectored(cx, &pieces)
        };
        let octets = ready!(wrote)?;
        if octets == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(octets);
        self.unflushed = true;
        Poll::Ready(Ok(()))
    }

    /// TLS keeps what it has sealed until it is told to send it.
    fn poll_flush(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(socket).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn is_empty(&self) -> bool {
        self.text.len() == self.at && self.data.is_empty() && self.end.is_empty()
    }

    fn advance(&mut self, octets: usize) {
        let of_text = octets.min(self.text.len() - self.at);
        self.at += of_text;
        let of_data = (octets - of_text).min(self.data.len());
        self.data.advance(of_data);
        self.end = self.end.get(octets - of_text - of_data..).unwrap_or_default();
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            // Nobody writes to it until the answer has come, which may take long, and some do nothing but wait.
            if self.body.is_none() || self.text.capacity() > KEPT {
                self.text = Vec::new();
            }
        }
    }

    fn hang_up(&mut self) {
        *self = Self {
            deaf: true,
            ..Self::default()
        };
    }
}

/// The trailers a request announces: others nobody has to expect (RFC 9110 §6.6.2).
fn announced(lines: &Lines) -> Vec<HeaderName> {
    let announcing = lines.all(&header::TRAILER);
    let names = announcing.flat_map(|line| line.as_bytes().split(|octet| *octet == b','));
    names
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

/// The line before a chunk (RFC 9112 §7.1).
fn write_size(text: &mut Vec<u8>, size: usize) {
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        let digit = (size >> (place * 4)) & 0xf;
        text.push(b"0123456789abcdef".get(digit).copied().unwrap_or_default());
    }
    text.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::task::Waker;

    use http::Method;
    use http::uri::PathAndQuery;

    use super::*;

    #[test]
    fn nothing_is_kept_of_what_is_sent_while_the_answer_is_awaited() {
        let target = PathAndQuery::from_static("/");
        let mut outbox = Outbox::default();
        outbox.begin(Message::new(Method::GET, target, Body::Empty));
        assert_eq!(outbox.text.capacity(), outbox.text.len());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(outbox.poll(&mut tokio::io::sink(), &mut cx).is_ready());
        assert!(outbox.is_done() && outbox.text.capacity() == 0);
    }
}
