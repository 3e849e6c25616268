//! A body gzipped on its way out (RFC 1952). It gathers what the sender has ready, so that a page of ordinary
//! size is compressed in one go; when the sender pauses, all that was said so far is sent, so that a page that
//! comes bit by bit is shown bit by bit. It decides nothing: which answers are gzipped is a rule of the layers.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use flate2::FlushCompress as Flush;
use http::{HeaderMap, HeaderName};
use http_body::{Body as HttpBody, Frame};
use tokio::time::Sleep;

use crate::http::flow::{BodyFault, End};
use crate::http::gzip::coder::Coder;
use crate::http::gzip::encoders::Slot;
use crate::http::gzip::job::Job;
use crate::http::watch::Watch;

pub mod coder;
pub mod encoders;
pub mod job;

/// So many bytes are gathered before they are compressed: more than most pages have. From here on the work
/// is done off the worker, since it takes about a millisecond at level 6.
pub const BATCH: usize = 64 * 1024;
/// How long a sender may pause before what it said is sent on: nobody sees it, and pieces that follow each
/// other closely (each read of a socket is one) are still compressed together.
const PAUSE: Duration = Duration::from_millis(5);

/// Digests of the plain bytes (RFC 1864, RFC 3230, RFC 9530), which the coded ones would not match: they are
/// not sent along, neither as headers nor as trailers.
pub const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// A body being gzipped.
pub struct Gzip<S> {
    source: S,
    level: u8,
    /// Its place among those of its connection, until it is over.
    slot: Option<Slot>,
    /// None before the first batch, so that an answer that waits for its upstream holds none, and while a batch is
    /// compressed elsewhere.
    coder: Option<Coder>,
    gathered: Vec<Bytes>,
    /// How many bytes were gathered.
    length: usize,
    /// The coder keeps something back that the client could already have.
    kept_back: bool,
    pause: Option<Pin<Box<Sleep>>>,
    job: Option<Job>,
    stage: Stage,
    watch: Option<Box<dyn Watch>>,
}

enum Stage {
    /// The sender may say more.
    Open,
    /// It has said all, and perhaps trailers; the last of it is being compressed.
    Closing(Option<HeaderMap>),
    /// All but the trailers has been given out.
    Trailing(HeaderMap),
    /// Nothing is left.
    Over,
}

/// A small body at hand, compressed at once; none if it is too large for that.
pub(super) fn at_once(bytes: &Bytes, level: u8) -> Option<Vec<u8>> {
    if bytes.len() >= BATCH {
        return None;
    }
    let mut coder = Coder::take(level);
    let coded = coder.code(std::slice::from_ref(bytes), Flush::Finish).ok()?;
    coder.give_back();
    Some(coded)
}

impl<S> Gzip<S> {
    /// Nothing has been compressed yet.
    pub(super) fn new(source: S, level: u8, slot: Slot) -> Self {
        Self {
            source,
            level,
            slot: Some(slot),
            coder: None,
            gathered: Vec::new(),
            length: 0,
            kept_back: false,
            pause: None,
            job: None,
            stage: Stage::Open,
            watch: None,
        }
    }

    /// Adds the watch; gives it back if one is there already.
    pub(super) fn attend(&mut self, watch: Box<dyn Watch>) -> Option<Box<dyn Watch>> {
        if self.watch.is_some() {
            return Some(watch);
        }
        self.watch = Some(watch);
        None
    }

    /// Whether the last frame has been given out.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    fn end(&mut self, end: End) {
        self.stage = Stage::Over;
        self.slot = None;
        if let Some(watch) = self.watch.take() {
            watch.ended(end);
        }
    }
}

impl<S: HttpBody<Data = Bytes, Error = BodyFault> + Unpin> Gzip<S> {
    /// The next frame.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let Poll::Ready(outcome) = self.poll_coded(cx) else {
            if let Some(watch) = &mut self.watch {
                watch.waits();
            }
            return Poll::Pending;
        };
        match &outcome {
            None => {}
            Some(Err(fault)) => self.end(fault.end()),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(watch) = &mut self.watch {
                    watch.passed(bytes);
                }
                if self.is_over() {
                    self.end(End::Complete);
                }
            }
        }
        Poll::Ready(outcome)
    }

    fn poll_coded(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        loop {
            let coded = if let Some(job) = &mut self.job {
                let done = ready!(job.poll(cx));
                self.job = None;
                done.map(|(coder, coded)| self.settle(coder, coded))
            } else {
                match std::mem::replace(&mut self.stage, Stage::Over) {
                    Stage::Open => self.stage = Stage::Open,
                    Stage::Trailing(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                    Stage::Closing(_) | Stage::Over => return Poll::Ready(None),
                }
                match ready!(self.poll_gather(cx)).and_then(|flush| self.code(flush)) {
                    Ok(None) => continue,
                    Ok(Some(coded)) => Ok(coded),
                    Err(fault) => Err(fault),
                }
            };
            match coded {
                Ok(coded) if coded.is_empty() => {}
                Ok(coded) => {
                    self.advance();
                    return Poll::Ready(Some(Ok(Frame::data(coded))));
                }
                Err(fault) => return Poll::Ready(Some(Err(fault))),
            }
        }
    }

    /// Gathers until there is a batch, a pause, or no more; says which by how the batch is to be flushed.
    fn poll_gather(&mut self, cx: &mut Context<'_>) -> Poll<Result<Flush, BodyFault>> {
        loop {
            if self.source.is_end_stream() {
                return Poll::Ready(Ok(self.close(None)));
            }
            if self.length >= BATCH {
                return Poll::Ready(Ok(Flush::None));
            }
            let Poll::Ready(frame) = Pin::new(&mut self.source).poll_frame(cx) else {
                return self.poll_pause(cx).map(Ok);
            };
            match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(bytes)) => self.gather(bytes),
                Some(Err(frame)) => return Poll::Ready(Ok(self.close(frame.into_trailers().ok()))),
                None => return Poll::Ready(Ok(self.close(None))),
            }
        }
    }

    fn gather(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.gathered.push(bytes);
    }

    fn close(&mut self, mut trailers: Option<HeaderMap>) -> Flush {
        if let Some(trailers) = &mut trailers {
            for digest in &DIGESTS {
                trailers.remove(digest);
            }
        }
        self.stage = Stage::Closing(trailers);
        Flush::Finish
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<Flush> {
        if self.length == 0 && !self.kept_back {
            return Poll::Pending;
        }
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE)));
        pause.as_mut().poll(cx).map(|()| Flush::Sync)
    }

    /// Compresses what was gathered: here if it is little, else elsewhere, and then nothing is returned.
    fn code(&mut self, flush: Flush) -> Result<Option<Bytes>, BodyFault> {
        self.pause = None;
        self.kept_back = matches!(flush, Flush::None);
        let (batch, length) = (
            std::mem::take(&mut self.gathered),
            std::mem::take(&mut self.length),
        );
        if length >= BATCH {
            self.job = Some(Job::start(self.coder.take(), self.level, batch, flush));
            return Ok(None);
        }
        let mut coder = self.coder.take().unwrap_or_else(|| Coder::take(self.level));
        let coded = coder.code(&batch, flush)?;
        Ok(Some(self.settle(coder, coded)))
    }

    /// A batch has been compressed: the coder is kept for the next, or given back after the last.
    fn settle(&mut self, coder: Coder, coded: Vec<u8>) -> Bytes {
        if matches!(self.stage, Stage::Closing(_)) {
            coder.give_back();
        } else {
            self.coder = Some(coder);
        }
        coded.into()
    }

    /// What has been compressed is about to be given out.
    fn advance(&mut self) {
        if let Stage::Closing(trailers) = &mut self.stage {
            self.stage = trailers.take().map_or(Stage::Over, Stage::Trailing);
        }
    }
}

impl<S> Drop for Gzip<S> {
    fn drop(&mut self) {
        self.end(End::Abandoned);
    }
}

impl<S: std::fmt::Debug> std::fmt::Debug for Gzip<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gzip")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
