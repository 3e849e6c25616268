//! A kept body on its way out, from its start: first what lies in the file, piece by piece, then the rest.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use crate::http::inflow::{Flow, Inflow};
use crate::kept_body::KeptBody;
use crate::kept_body::disk::Job;

/// What is read at once, in bytes: one piece of a body lies in memory, however long the body is.
const PIECE: u64 = 64 << 10;

/// One reading of a kept body.
pub(super) struct Reading {
    kept: KeptBody,
    /// How much of it has been passed on.
    at: u64,
    job: Option<Job<Bytes>>,
}

impl Reading {
    /// From the start.
    pub(super) fn new(kept: KeptBody) -> Self {
        Self {
            kept,
            at: 0,
            job: None,
        }
    }

    fn in_file(&self) -> u64 {
        self.kept.file.as_ref().map_or(0, |file| file.length())
    }

    fn poll_file(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let (at, most) = (self.at, (self.in_file() - self.at).min(PIECE));
        let Some(file) = &self.kept.file else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        let job = self.job.get_or_insert_with(|| {
            let file = Arc::clone(file);
            Job::start(move || file.read(at, usize::try_from(most).unwrap_or_default()))
        });
        let read = ready!(job.poll(cx));
        self.job = None;
        Poll::Ready(read)
    }
}

impl Flow for Reading {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let octets = if self.at < self.in_file() {
            match ready!(self.poll_file(cx)) {
                Ok(octets) => octets,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        } else {
            std::mem::take(&mut self.kept.memory)
        };
        if octets.is_empty() {
            let trailers = self.kept.trailers.take();
            return Poll::Ready(trailers.map(|lines| Ok(Frame::trailers(lines))));
        }
        self.at += octets.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(octets))))
    }

    fn is_over(&self) -> bool {
        self.kept.trailers.is_none() && self.left() == Some(0)
    }

    fn left(&self) -> Option<u64> {
        if self.kept.trailers.is_some() {
            return None;
        }
        Some(self.in_file().saturating_sub(self.at) + self.kept.memory.len() as u64)
    }
}

impl From<Reading> for Inflow {
    fn from(reading: Reading) -> Self {
        Self::Own(Box::new(reading))
    }
}
