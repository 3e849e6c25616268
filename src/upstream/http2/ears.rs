//! The socket under an HTTP/2 connection, with an ear for what concerns the connection as a whole: how many
//! streams the server takes, and that it is leaving (RFC 9113 §6.5.2, §6.8). The client above it keeps both to itself.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::upstream::socket::Socket;
use crate::upstream::transport::{NotHttp2, explain};

const HEAD: usize = 9;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const ENTRY: usize = 6;
const MAX_CONCURRENT_STREAMS: u16 = 3;

/// What was heard. Written by the connection's task, read by requests of the same worker.
#[derive(Debug, Default)]
pub(super) struct Ears {
    /// How many streams the server takes, plus one; 0 until it says so.
    limit: AtomicU32,
    greeted: AtomicBool,
    leaving: AtomicBool,
    /// How many frames came, of whatever stream.
    heard: AtomicU64,
    /// Why the connection ended before the greeting.
    ended: Mutex<Option<io::Error>>,
    news: Notify,
}

/// A socket that keeps [`Ears`] up to date.
pub(super) struct Listening {
    socket: Socket,
    ears: Arc<Ears>,
    frames: Frames,
}

/// Where in the sequence of frames we are.
#[derive(Debug, Default)]
struct Frames {
    /// The head of the next frame, as far as it has come; then the settings of this one, one after another.
    held: [u8; HEAD],
    seen: usize,
    /// Bytes of the payload still to come.
    left: usize,
    settings: bool,
}

impl Ears {
    /// The most streams the server takes now.
    pub(super) fn limit(&self) -> usize {
        match self.limit.load(Relaxed) {
            0 => usize::MAX,
            limit => limit as usize - 1,
        }
    }

    /// Whether the server said GOAWAY: what is under way ends in peace, nothing new begins.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// A number that changes whenever anything comes.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }

    /// Waits for the server's first frame, which has its settings in it (RFC 9113 §3.4). With it, the server
    /// is known to speak HTTP/2, and how many streams it takes.
    pub(super) async fn greeting(&self) -> io::Result<()> {
        loop {
            if self.greeted.load(Relaxed) {
                return Ok(());
            }
            if let Some(error) = self.ended().take() {
                return Err(error);
            }
            self.news.notified().await;
        }
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the error for who waits for the greeting; the client above gets one of its kind.
    fn end(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        if !self.greeted.load(Relaxed) {
            *self.ended() = Some(explain(error));
            self.news.notify_one();
        }
        io::Error::from(kind)
    }
}

impl Listening {
    pub(super) fn new(socket: Socket, ears: Arc<Ears>) -> Self {
        Self {
            socket,
            ears,
            frames: Frames::default(),
        }
    }
}

impl Frames {
    fn hear(&mut self, mut bytes: &[u8], ears: &Ears) -> Result<(), NotHttp2> {
        while !bytes.is_empty() {
            let taken = if self.left == 0 {
                self.head(bytes, ears)?
            } else if self.settings {
                self.entry(bytes, ears)
            } else {
                let taken = self.left.min(bytes.len());
                self.left -= taken;
                taken
            };
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.left == 0 && self.settings && self.seen == 0 {
                self.settings = false;
                ears.greeted.store(true, Relaxed);
                ears.news.notify_one();
            }
        }
        Ok(())
    }

    /// Bytes of a frame's head.
    fn head(&mut self, bytes: &[u8], ears: &Ears) -> Result<usize, NotHttp2> {
        let taken = self.hold(bytes, HEAD);
        if self.seen < HEAD {
            return Ok(taken);
        }
        self.seen = 0;
        let [high, middle, low, kind, flags, ..] = self.held;
        if kind != SETTINGS && !ears.greeted.load(Relaxed) {
            return Err(NotHttp2);
        }
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.settings = kind == SETTINGS && flags & ACK == 0;
        // Settings are confirmed by the connection itself, however long the server behind it is gone.
        if kind != SETTINGS {
            ears.heard.fetch_add(1, Relaxed);
        }
        if kind == GOAWAY {
            ears.leaving.store(true, Relaxed);
        }
        Ok(taken)
    }

    /// Bytes of a setting.
    fn entry(&mut self, bytes: &[u8], ears: &Ears) -> usize {
        let most = self.left.min(ENTRY - self.seen).min(bytes.len());
        let taken = self.hold(bytes.get(..most).unwrap_or_default(), ENTRY);
        self.left -= taken;
        if self.seen == ENTRY || self.left == 0 {
            let [high, low, value @ .., _, _, _] = self.held;
            if self.seen == ENTRY && u16::from_be_bytes([high, low]) == MAX_CONCURRENT_STREAMS {
                let limit = u32::from_be_bytes(value);
                ears.limit.store(limit.saturating_add(1), Relaxed);
            }
            self.seen = 0;
        }
        taken
    }

    fn hold(&mut self, bytes: &[u8], whole: usize) -> usize {
        let free = self.held.get_mut(self.seen..whole).unwrap_or_default();
        let taken = free.len().min(bytes.len());
        free.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.seen += taken;
        taken
    }
}

impl AsyncRead for Listening {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Err(error) = ready!(Pin::new(&mut this.socket).poll_read(cx, buf)) {
            return Poll::Ready(Err(this.ears.end(error)));
        }
        let new = buf.filled().get(before..).unwrap_or_default();
        if new.is_empty() {
            let _ended = this.ears.end(io::ErrorKind::UnexpectedEof.into());
            return Poll::Ready(Ok(()));
        }
        let heard = this.frames.hear(new, &this.ears);
        Poll::Ready(heard.map_err(|error| this.ears.end(io::Error::new(io::ErrorKind::InvalidData, error))))
    }
}

impl AsyncWrite for Listening {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// SETTINGS with two entries, PING, GOAWAY.
    const TALK: [u8; 60] = [
        0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 255, 255, 0, 3, 0, 0, 0, 7, // settings
        0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, // ping
        0, 0, 0, 4, 1, 0, 0, 0, 0, // acknowledged
        0, 0, 4, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, // no whole GOAWAY, but one that is heard
    ];

    #[test]
    fn hears_settings_and_farewell_however_the_bytes_are_split() {
        for size in 1..TALK.len() {
            let (mut frames, ears) = (Frames::default(), Ears::default());
            for piece in TALK.chunks(size) {
                assert!(frames.hear(piece, &ears).is_ok());
            }
            assert!(ears.greeted.load(Relaxed) && ears.is_leaving());
            assert_eq!(ears.limit(), 7);
        }
    }

    #[test]
    fn empty_settings_are_a_greeting() {
        let (mut frames, ears) = (Frames::default(), Ears::default());
        assert!(frames.hear(&[0, 0, 0, 4, 0, 0, 0, 0, 0], &ears).is_ok());
        assert!(ears.greeted.load(Relaxed) && !ears.is_leaving());
        assert_eq!(ears.limit(), usize::MAX);
    }

    #[test]
    fn what_does_not_begin_with_settings_is_not_http_2() {
        let (mut frames, ears) = (Frames::default(), Ears::default());
        assert!(frames.hear(b"HTTP/1.1 400 Bad Request\r\n", &ears).is_err());
    }
}
