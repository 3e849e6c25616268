//! A body gzipped on its way out (RFC 1952). It gathers what the sender has ready, so that a page of ordinary
//! size is compressed in one go; when the sender pauses, all that was said so far is sent, so that a page that
//! comes bit by bit is shown bit by bit. It decides nothing: which answers are gzipped is a rule of the layers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use flate2::FlushCompress as Flush;
use http::{HeaderMap, HeaderName};
use http_body::{Body as HttpBody, Frame};
use tokio::time::Sleep;

use crate::http::flow::{BodyFault, End, Watch};
use crate::http::gzip::batch::Batch;
use crate::http::gzip::coder::{Coder, Form};
use crate::http::gzip::job::Job;
use crate::http::gzip::writer::Writer;
use crate::http::room::Room;

pub mod batch;
pub mod coder;
pub mod job;
pub mod thrift;
pub mod writer;

/// So many bytes are gathered before they are compressed: more than most pages have. From here on the work
/// is done off the worker, since it takes about a millisecond at level 6.
pub const BATCH: usize = 64 * 1024;
/// And so many where room is low.
const LITTLE: usize = 16 * 1024;
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
    /// What all that is held must have a share of.
    room: Option<Arc<Room>>,
    /// The source gives large pieces with theirs.
    shares: bool,
    /// None while a batch is compressed elsewhere.
    writer: Option<Writer>,
    gathered: Batch,
    /// The writer keeps something back that the client could already have.
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
    let mut coder = Coder::take(level, Form::Gzip);
    let coded = coder.code(std::slice::from_ref(bytes), Flush::Finish).ok()?;
    coder.give_back();
    Some(coded)
}

impl<S> Gzip<S> {
    /// Nothing has been compressed yet. With a room all that is held has a share of it; whether the source gives large
    /// pieces theirs is told.
    pub(super) fn new(source: S, level: u8, room: Option<Arc<Room>>, shares: bool) -> Self {
        Self {
            source,
            writer: Some(Writer::new(level, room.clone())),
            room,
            shares,
            gathered: Batch::default(),
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
        if let Some(watch) = self.watch.take() {
            watch.ended(end);
        }
    }
}

impl<S: HttpBody<Data = Bytes, Error = BodyFault> + Unpin> Gzip<S> {
    /// The next frame.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let outcome = ready!(self.poll_coded(cx));
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
                done.map(|(writer, coded)| {
                    self.writer = Some(writer);
                    coded
                })
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
            if self.gathered.octets() >= BATCH || self.is_pressed() {
                return Poll::Ready(Ok(self.onward()));
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

    /// Where room is low, less than a batch must do. Pieces that come where there is none are not gathered at all: they are
    /// in nobody's sum.
    fn is_pressed(&self) -> bool {
        let octets = self.gathered.octets();
        let pressed = |room: &Arc<Room>| room.is_low() && octets >= LITTLE || room.is_scarce();
        octets > 0 && self.room.as_ref().is_some_and(pressed)
    }

    /// How a batch is flushed after which more comes: where nothing is kept that could keep it back, wholly.
    fn onward(&self) -> Flush {
        if self.room.is_some() {
            Flush::Sync
        } else {
            Flush::None
        }
    }

    fn gather(&mut self, bytes: Bytes) {
        match &self.room {
            Some(room) => self.gathered.add_shared(bytes, self.shares, room),
            None => self.gathered.add(bytes),
        }
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
        if self.gathered.octets() == 0 && !self.kept_back {
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
        let batch = std::mem::take(&mut self.gathered);
        let mut writer = self.writer.take().ok_or(BodyFault::Coding)?;
        if batch.octets() >= BATCH {
            self.job = Some(Job::start(writer, batch, flush));
            return Ok(None);
        }
        let coded = writer.code(batch, flush)?;
        self.writer = Some(writer);
        Ok(Some(coded))
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
