//! By when a request must have its answer. `total` is one moment; `response_head` begins when the
//! request is all sent, which may lie ahead: then it is looked at again when it could first be over.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::http::hints::Hints;
use crate::http::refusal::Deadline;
use crate::upstream::alarm::Alarm;
use crate::upstream::now;
use crate::upstream::watch::Upload;

/// How long an answer may be waited for; none is for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits<'a> {
    /// From the last byte of the request to the head of the answer.
    pub response_head: Option<Duration>,
    /// The moment by which the head must be there, come what may.
    pub total: Option<Instant>,
    /// Who is told the hints that come before the answer, if anybody can be.
    pub hints: Option<&'a Hints>,
}

/// The deadlines of one request that is being sent.
pub(super) struct Due<'a> {
    pub(super) waits: &'a Waits<'a>,
    pub(super) upload: Option<&'a Upload>,
    pub(super) sent_at: Instant,
}

impl Due<'_> {
    /// Ready with the deadline that ran out.
    pub(super) fn poll(&self, alarm: &mut Alarm, cx: &mut Context<'_>) -> Poll<Deadline> {
        while let Some((at, why)) = self.next() {
            ready!(alarm.poll(at, cx));
            if let Some(why) = why {
                return Poll::Ready(why);
            }
        }
        Poll::Pending
    }

    /// When to look next, and what has run out by then; nothing if the upload may have ended meanwhile.
    fn next(&self) -> Option<(Instant, Option<Deadline>)> {
        let total = self.waits.total.map(|at| (at, Some(Deadline::Total)));
        let head = self.waits.response_head.map(|wait| match self.sent() {
            Some(at) => (at + wait, Some(Deadline::ResponseHead)),
            None => (now() + wait, None),
        });
        [total, head].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// When the last byte of the request went off.
    fn sent(&self) -> Option<Instant> {
        match self.upload {
            None => Some(self.sent_at),
            Some(upload) => upload.sent_at().map(|at| at.max(self.sent_at)),
        }
    }
}
