//! What is read of HTTP/2 on its way to hyper: judged by the guard, and passed on as fast as it is taken. As a rule that is what
//! was read, as it was read; where a request must be called before its body comes, or a reader lags, the rest stays here
//! for a while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};

use crate::http::h2_guard::frame::{HEAD, Head};
use crate::http::h2_guard::{Ear, Fault, Guard, News};
use crate::http::room::backlogs::Backlogs;
use crate::http::room::late::{Gathering, Turn};

/// Why nothing more is read.
pub(super) enum Stop {
    /// Of the socket.
    Io(io::Error),
    /// Of the client.
    Fault(Fault),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The reading side of a connection.
pub(super) struct Intake {
    pub(super) guard: Box<Guard>,
    backlogs: Backlogs,
    /// Read, and not judged yet.
    ahead: Bytes,
    /// A frame of which that is the rest.
    gathering: Option<Gathering>,
    /// Judged and gathered: whole frames, but for what was passed on of the first.
    gathered: Bytes,
    /// What is left of that one.
    left: usize,
}

impl Intake {
    pub(super) fn new(guard: Guard, backlogs: Backlogs) -> Self {
        Self {
            guard: Box::new(guard),
            backlogs,
            ahead: Bytes::new(),
            gathering: None,
            gathered: Bytes::new(),
            left: 0,
        }
    }

    /// Puts into `buf` what may be passed on.
    pub(super) fn poll_read(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        now: impl Fn() -> Instant + Copy,
    ) -> Poll<Result<(), Stop>> {
        if self.backlogs.should_wait(cx.waker()) {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        loop {
            self.backlogs.listen(cx.waker());
            if self.pass_gathered(buf) {
                return Poll::Ready(Ok(()));
            }
            if self.ahead.is_empty() {
                ready!(Pin::new(&mut *socket).poll_read(cx, buf))?;
                if buf.filled().len() == before {
                    return Poll::Ready(Ok(()));
                }
                self.judge_read(buf, before, now)?;
            } else if self.sort(now)? {
                self.judge_ahead(buf, now)?;
            } else if self.needs_more() {
                ready!(Pin::new(&mut *socket).poll_read(cx, buf))?;
                let read = buf.filled().get(before..).unwrap_or_default();
                if read.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                self.ahead = [&self.ahead, read].concat().into();
                buf.set_filled(before);
            }
            self.backlogs.check()?;
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// What was read is judged where it lies; what stays is cut off.
    fn judge_read(
        &mut self,
        buf: &mut ReadBuf<'_>,
        before: usize,
        now: impl Fn() -> Instant,
    ) -> Result<(), Fault> {
        let read = buf.filled().get(before..).unwrap_or_default();
        let mut passed = 0;
        if self.gathering.is_none() {
            self.backlogs.lie(read, buf.remaining());
            passed = self.guard.heard(read, now, &mut self.backlogs)?;
            self.backlogs.passed(passed);
        }
        if let Some(rest) = read.get(passed..).filter(|rest| !rest.is_empty()) {
            self.ahead = Bytes::copy_from_slice(rest);
        }
        buf.set_filled(before + passed);
        Ok(())
    }

    /// As much as may be is passed on of what was read before.
    fn judge_ahead(&mut self, buf: &mut ReadBuf<'_>, now: impl Fn() -> Instant) -> Result<(), Fault> {
        let before = buf.filled().len();
        let most = self.ahead.len().min(buf.remaining());
        buf.put_slice(self.ahead.get(..most).unwrap_or_default());
        let lies = buf.filled().get(before..).unwrap_or_default();
        self.backlogs.lie(lies, buf.remaining());
        let mut passed = self.guard.heard(lies, &now, &mut self.backlogs)?;
        if passed == 0 {
            // Of the head that may be passed on there is space for less than tells which it is.
            passed = self.guard.heard(lies, &now, &mut ())?;
        }
        self.backlogs.passed(passed);
        buf.set_filled(before + passed);
        self.advance(passed);
        Ok(())
    }

    /// Gathers what is to be gathered off the front of what was read before. True if what comes then is passed on.
    fn sort(&mut self, now: impl Fn() -> Instant) -> Result<bool, Fault> {
        let mut gathering = match self.gathering.take() {
            Some(gathering) => gathering,
            None if !self.guard.is_between() => return Ok(true),
            None => match self.backlogs.turn(&self.ahead) {
                Turn::Wait => return Ok(false),
                Turn::Pass => return Ok(true),
                Turn::After(frames) => {
                    self.gathered = frames;
                    return Ok(false);
                }
                Turn::Gather(gathering) => {
                    self.judge_gathered(HEAD, &now)?;
                    gathering
                }
            },
        };
        let octets = self.backlogs.gather(&mut gathering, &self.ahead);
        self.judge_gathered(octets, &now)?;
        self.gathering = (!gathering.is_over()).then_some(gathering);
        Ok(false)
    }

    fn judge_gathered(&mut self, octets: usize, now: &impl Fn() -> Instant) -> Result<(), Fault> {
        let bytes = self.ahead.get(..octets).unwrap_or_default();
        self.guard.heard(bytes, now, &mut ())?;
        self.advance(octets);
        Ok(())
    }

    /// Whether nothing can be said of what was read before: less than the head of a frame.
    fn needs_more(&self) -> bool {
        self.gathered.is_empty() && self.gathering.is_none() && (1..HEAD).contains(&self.ahead.len())
    }

    fn advance(&mut self, octets: usize) {
        self.ahead.advance(octets);
        if self.ahead.is_empty() {
            // Gives its memory back.
            self.ahead = Bytes::new();
        }
    }

    /// Passes on what was gathered, where no other frame is under way. A frame at a time, each a piece.
    fn pass_gathered(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.gathered.is_empty() && (self.gathering.is_some() || self.guard.is_between()) {
            self.gathered = self.backlogs.ready().unwrap_or_default();
        }
        if self.gathered.is_empty() {
            return false;
        }
        let Some(head) = self.gathered.first_chunk().filter(|_| self.left == 0) else {
            return self.pass_rest(buf);
        };
        let head = Head::read(*head);
        self.left = HEAD + head.length as usize;
        let passed = self.pass_rest(buf);
        if head.length > 0 {
            let _stops = self.backlogs.hear(News::Body(head.stream, head.length));
        }
        passed
    }

    fn pass_rest(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let before = buf.filled().len();
        let most = self.left.min(self.gathered.len()).min(buf.remaining());
        buf.put_slice(self.gathered.get(..most).unwrap_or_default());
        let lies = buf.filled().get(before..).unwrap_or_default();
        if !lies.is_empty() {
            self.backlogs.lie(lies, buf.remaining());
            self.backlogs.passed(most);
        }
        self.gathered.advance(most);
        self.left -= most;
        if self.gathered.is_empty() {
            self.gathered = Bytes::new();
        }
        most > 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
