//! A body off a connection: counted, paced, and told apart by how it ends. It never buffers: a frame is
//! asked for when the receiver has room, so back-pressure reaches the sender.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::Frame;
use tokio::time::Sleep;

use crate::http::flow::{BodyFault, End};
use crate::http::goodbye::{Goodbye, Parting};
use crate::http::inflow::Inflow;
use crate::http::memory::Account;
use crate::http::pace::Pace;
use crate::http::trailers;
use crate::http::watch::Watch;

/// A body from a connection, counted and paced.
pub struct Metered {
    pub(super) inner: Inflow,
    pace: Pace,
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    pub(super) watch: Option<Box<dyn Watch>>,
    pub(super) goodbye: Option<Goodbye>,
    pub(super) over: bool,
    /// Of the connection that holds what was handed over.
    pub(super) account: Option<Arc<Account>>,
}

impl Metered {
    /// Nothing has come yet.
    pub(super) fn new(inner: Inflow, pace: Pace, watch: Option<Box<dyn Watch>>) -> Self {
        Self {
            inner,
            pace,
            bytes: 0,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: None,
            watch,
            goodbye: None,
            over: false,
            account: None,
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        // After a fault the body is over for good: trailers or late bytes must not slip past the cut.
        if self.over {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = self.inner.poll(cx) else {
            if let Some(goodbye) = &mut self.goodbye
                && goodbye.is_due(cx)
            {
                return Poll::Ready(self.part());
            }
            return self.poll_deadline(cx);
        };
        if let Some(since) = self.waiting_since.take() {
            self.waited += Instant::now() - since;
        }
        Poll::Ready(match frame {
            None => {
                self.end(End::Complete);
                None
            }
            Some(Err(error)) => {
                self.end(End::Broken);
                Some(Err(error))
            }
            Some(Ok(frame)) => Some(self.count(frame)),
        })
    }

    fn count(&mut self, mut frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyFault> {
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.bytes += bytes;
        if let Some(most) = self.pace.max_bytes.filter(|most| self.bytes > *most) {
            self.end(End::TooLarge);
            return Err(BodyFault::TooLarge(most));
        }
        if let Some(watch) = &mut self.watch {
            watch.passed(bytes);
        }
        if let (Some(goodbye), Some(data)) = (&mut self.goodbye, frame.data_ref()) {
            goodbye.passed(data);
        }
        if let Some(trailers) = frame.trailers_mut() {
            trailers::drop_forbidden(trailers);
        }
        if let Some(account) = &self.account {
            frame = frame.map_data(|data| account.hold(data));
        }
        // hyper does not ask again after trailers, nor after the last byte of a body of known length.
        if frame.is_trailers() || self.inner.is_over() {
            self.end(End::Complete);
        }
        Ok(frame)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let since = match self.waiting_since {
            Some(since) => since,
            None => self.begin_to_wait(),
        };
        let Some((at, why)) = self.pace.deadline(self.bytes, self.waited, since) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if timer.deadline().into_std() != at {
            timer.as_mut().reset(at.into());
        }
        ready!(timer.as_mut().poll(cx));
        self.end(End::TooSlow(why));
        Poll::Ready(Some(Err(BodyFault::TooSlow(why))))
    }

    /// The gateway stops: an end, or a cut that looks like one.
    fn part(&mut self) -> Option<Result<Frame<Bytes>, BodyFault>> {
        let cut = self
            .goodbye
            .as_ref()
            .is_some_and(|goodbye| goodbye.parting == Parting::Cut);
        if cut {
            self.end(End::Abandoned);
            return Some(Err(BodyFault::Unwanted));
        }
        self.end(End::Drained);
        None
    }

    fn begin_to_wait(&mut self) -> Instant {
        if let Some(watch) = &mut self.watch {
            watch.waits();
        }
        *self.waiting_since.insert(Instant::now())
    }

    fn end(&mut self, end: End) {
        self.over = true;
        if let Some(mut watch) = self.watch.take() {
            watch.leaves(&mut self.inner);
            watch.ended(end);
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        // Whoever was told the length need not ask for more than that; in HTTP/2 the end of the stream may come later.
        let whole = self.inner.size_hint().exact() == Some(0);
        self.end(if whole { End::Complete } else { End::Abandoned });
    }
}

impl std::fmt::Debug for Metered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metered")
            .field("bytes", &self.bytes)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
