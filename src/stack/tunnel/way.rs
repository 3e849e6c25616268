//! One direction of a tunnel. It takes from the one side only what the other has taken, and holds nothing
//! while nobody waits: an idle tunnel has no buffer, and a slow receiver slows its sender.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::frames::Frames;

/// The most that is read at once, and so the most that is ever held.
const PIECE: usize = 16 * 1024;

/// Which side of a way broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// How far a way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Bytes pass.
    Open,
    /// The sender has ended; the receiver is told so once it has taken the rest.
    Ending,
    /// Nothing more will pass.
    Over,
}

/// Our own last word in this direction.
enum Word {
    /// There is none; all passes.
    None,
    /// It waits for the present frame to end.
    Waiting(Bytes),
    /// It is said, or the sender has said its own before. What the sender still says is followed, not passed.
    Said(Frames),
}

/// One direction.
pub(super) struct Way {
    /// Taken from the sender, or to be said by us; not yet taken by the receiver.
    held: Bytes,
    flow: Flow,
    /// What the receiver got.
    sent: Frames,
    word: Word,
    /// When the last byte came or went.
    pub(super) moved: Instant,
    /// Since when the receiver takes nothing.
    pub(super) blocked: Option<Instant>,
    /// How many bytes the receiver got.
    pub(super) bytes: u64,
}

impl Way {
    /// A way that begins with bytes that were read before it was open.
    pub(super) fn new(early: Bytes, now: Instant) -> Self {
        Self {
            held: early,
            flow: Flow::Open,
            sent: Frames::default(),
            word: Word::None,
            moved: now,
            blocked: None,
            bytes: 0,
        }
    }

    /// Says farewell after the present frame, and lets nothing pass after that.
    pub(super) fn part(&mut self, farewell: Vec<u8>) {
        self.word = Word::Waiting(farewell.into());
    }

    /// The sender has ended its side.
    pub(super) fn has_ended(&self) -> bool {
        self.flow != Flow::Open
    }

    /// Nothing more will pass, and the receiver knows.
    pub(super) fn is_over(&self) -> bool {
        self.flow == Flow::Over
    }

    /// The receiver got a close frame, from the sender or from us.
    pub(super) fn is_closed(&self) -> bool {
        self.sent.is_closed()
    }

    /// The farewell is said, and the sender has said its own or is gone.
    pub(super) fn is_parted(&self) -> bool {
        let answered = match &self.word {
            Word::Said(heard) => heard.is_closed() && self.held.is_empty(),
            _ => false,
        };
        answered || self.has_ended()
    }

    /// Moves what can be moved.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        (from, to): (&mut R, &mut W),
        now: Instant,
    ) -> Result<(), Broken>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        let mut scratch = [MaybeUninit::uninit(); PIECE];
        loop {
            self.say();
            let mut held = std::mem::take(&mut self.held);
            held.advance(self.write(cx, to, &held, now)?);
            self.held = held;
            if !self.held.is_empty() {
                if self.blocked.is_some() {
                    return flush(cx, to);
                }
                continue;
            }
            match self.flow {
                Flow::Over => return Ok(()),
                Flow::Ending if Pin::new(&mut *to).poll_shutdown(cx).is_pending() => return Ok(()),
                Flow::Ending => self.flow = Flow::Over,
                Flow::Open if self.is_parted() => return flush(cx, to),
                Flow::Open => {
                    let mut piece = ReadBuf::uninit(&mut scratch);
                    match Pin::new(&mut *from).poll_read(cx, &mut piece) {
                        Poll::Pending => return flush(cx, to),
                        Poll::Ready(Err(_)) => return Err(Broken::Sender),
                        Poll::Ready(Ok(())) if piece.filled().is_empty() => self.flow = Flow::Ending,
                        Poll::Ready(Ok(())) => self.pass(cx, to, piece.filled(), now)?,
                    }
                }
            }
        }
    }

    /// At the end of a frame, when it is time: what waits to pass is dropped and the farewell takes its
    /// place, unless a close frame has gone before (RFC 6455 §5.5.1: nothing may follow one).
    fn say(&mut self) {
        if self.flow != Flow::Open || !self.sent.is_between() {
            return;
        }
        let Word::Waiting(farewell) = &mut self.word else {
            return;
        };
        let farewell = std::mem::take(farewell);
        let mut heard = self.sent;
        heard.follow_all(&self.held);
        self.held = if self.sent.is_closed() {
            Bytes::new()
        } else {
            farewell
        };
        self.word = Word::Said(heard);
    }

    /// Hands a piece on; only what the receiver does not take at once is copied.
    fn pass<W>(&mut self, cx: &mut Context<'_>, to: &mut W, piece: &[u8], now: Instant) -> Result<(), Broken>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        self.moved = now;
        if let Word::Said(heard) = &mut self.word {
            heard.follow_all(piece);
            return Ok(());
        }
        let taken = self.write(cx, to, piece, now)?;
        self.held = Bytes::copy_from_slice(piece.get(taken..).unwrap_or_default());
        Ok(())
    }

    /// Writes until all is written, the receiver takes no more, or it is time for the farewell.
    fn write<W>(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut W,
        bytes: &[u8],
        now: Instant,
    ) -> Result<usize, Broken>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let mut taken = 0;
        while let Some(piece) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let piece = match self.word {
                Word::Waiting(_) if self.sent.is_between() => break,
                Word::Waiting(_) => {
                    let mut ahead = self.sent;
                    piece.get(..ahead.follow(piece)).unwrap_or(piece)
                }
                _ => piece,
            };
            match Pin::new(&mut *to).poll_write(cx, piece) {
                Poll::Ready(Ok(wrote @ 1..)) => {
                    self.sent.follow_all(piece.get(..wrote).unwrap_or_default());
                    taken += wrote;
                    self.bytes += wrote as u64;
                    (self.moved, self.blocked) = (now, None);
                }
                Poll::Ready(_) => return Err(Broken::Receiver),
                Poll::Pending => {
                    self.blocked.get_or_insert(now);
                    break;
                }
            }
        }
        Ok(taken)
    }
}

/// TLS keeps what it has sealed until it is told to send it.
fn flush<W>(cx: &mut Context<'_>, to: &mut W) -> Result<(), Broken>
where
    W: AsyncWrite + Unpin + ?Sized,
{
    match Pin::new(to).poll_flush(cx) {
        Poll::Ready(Err(_)) => Err(Broken::Receiver),
        _ => Ok(()),
    }
}
