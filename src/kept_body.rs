//! Floor 1: the kept body. A request body that is held so that it can be sent later, with its length, and more than
//! once: in memory up to a bound, the rest of it in a file. It is bounded, knows no policy, and gives back memory and
//! disk when it is dropped.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame};

use crate::http::body::Body;
use crate::http::flow::BodyFault;
use crate::http::pace::Pace;
use crate::http::watch::Watch;
use crate::kept_body::disk::Job;
use crate::kept_body::reading::Reading;
use crate::kept_body::spill::{Spill, SpillFile};

mod disk;
mod reading;
pub mod spill;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

/// The most that is kept of a body only to find out its length, in bytes.
pub const SMALL: u64 = 64 << 10;

/// A whole body. Cloned cheaply, and read as often as wanted.
#[derive(Debug, Clone)]
pub struct KeptBody {
    /// What lies in a file, before the rest.
    file: Option<Arc<SpillFile>>,
    memory: Bytes,
    trailers: Option<HeaderMap>,
}

/// A body while it is being kept.
#[derive(Debug)]
pub struct Keeper {
    bounds: Bounds,
    file: Option<Arc<SpillFile>>,
    memory: BytesMut,
    trailers: Option<HeaderMap>,
}

/// How much is kept, and where.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// The most bytes of the body.
    pub max: u64,
    /// Bytes of it in memory; beyond them it goes to the file.
    pub memory: u64,
    /// Where the rest goes; without, all is kept in memory.
    pub spill: Option<Arc<Spill>>,
}

/// How far keeping came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// To the end of the body.
    Whole,
    /// The body is longer than [`Bounds::max`].
    TooLong,
    /// The time was over first.
    TooLate,
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The body ended before its end.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The files of all kept bodies together may not be larger.
    #[error("all of `[gateway] spill` is in use")]
    Full,
    /// The file cannot be made or written.
    #[error("the folder of `[gateway] spill` cannot be used")]
    Disk(#[from] io::Error),
}

impl Keeper {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            file: None,
            memory: BytesMut::new(),
            trailers: None,
        }
    }

    /// Takes the body until its end, a bound or a moment. What was taken is kept in any case.
    pub async fn fill(&mut self, body: &mut Body, until: Option<Instant>) -> Result<Came, Fault> {
        let mut over = pin!(async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        });
        loop {
            if self.length() > self.bounds.max {
                return Ok(Came::TooLong);
            }
            if body.is_end_stream() {
                return Ok(Came::Whole);
            }
            let frame = tokio::select! {
                biased;
                frame = next(body) => frame,
                () = &mut over => return Ok(Came::TooLate),
            };
            match frame {
                None => return Ok(Came::Whole),
                Some(frame) => self.add(frame?).await?,
            }
        }
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        let in_file = self.file.as_ref().map_or(0, |file| file.length());
        in_file + self.memory.len() as u64
    }

    /// The body that is whole.
    pub fn finish(self) -> KeptBody {
        KeptBody {
            file: self.file,
            memory: self.memory.freeze(),
            trailers: self.trailers,
        }
    }

    /// What was taken of a body that is kept in memory alone.
    pub fn into_bytes(self) -> Bytes {
        self.memory.freeze()
    }

    async fn add(&mut self, frame: Frame<Bytes>) -> Result<(), Fault> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.trailers = frame.into_trailers().ok().filter(|lines| !lines.is_empty());
                return Ok(());
            }
        };
        // Copied, since a small piece may share a large buffer that nobody else needs any more.
        self.memory.extend_from_slice(&data);
        let Some(spill) = self.bounds.spill.clone() else {
            return Ok(());
        };
        if self.memory.len() as u64 <= self.bounds.memory || self.length() > self.bounds.max {
            return Ok(());
        }
        self.spill(&spill).await
    }

    /// Writes to the file what lies in memory.
    async fn spill(&mut self, spill: &Arc<Spill>) -> Result<(), Fault> {
        let octets = std::mem::take(&mut self.memory).freeze();
        let claim = spill.claim(octets.len() as u64).ok_or(Fault::Full)?;
        let present = self.file.clone();
        let spill = Arc::clone(spill);
        let mut job = Job::start(move || {
            let file = match present {
                Some(file) => file,
                None => Arc::new(SpillFile::new(spill.open()?)),
            };
            file.append(&octets, claim)?;
            Ok(file)
        });
        self.file = Some(poll_fn(|cx| job.poll(cx)).await?);
        Ok(())
    }
}

async fn next(body: &mut Body) -> Option<Result<Frame<Bytes>, BodyFault>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

impl KeptBody {
    /// The body from its start, which may be asked for again. `watch` is told of what leaves a file, where there is one.
    /// Its length is known unless trailers follow.
    pub fn read(&self, watch: impl FnOnce() -> Option<Box<dyn Watch>>) -> Body {
        match (&self.file, &self.trailers) {
            (None, None) if self.memory.is_empty() => Body::Empty,
            (None, None) => Body::Full(self.memory.clone()),
            _ => Body::streamed(Reading::new(self.clone()), Pace::default(), watch()),
        }
    }

    /// The same body without trailers, so that its length is known.
    #[must_use]
    pub fn without_trailers(self) -> Self {
        Self {
            trailers: None,
            ..self
        }
    }
}
