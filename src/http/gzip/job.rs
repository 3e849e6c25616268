//! The place off the workers where large batches are compressed. Whoever waits for it holds no coder before its first batch,
//! and whoever does not come for what was compressed holds no place.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};
use std::thread::available_parallelism;

use bytes::Bytes;
use flate2::FlushCompress as Flush;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::http::flow::BodyFault;
use crate::http::gzip::coder::Coder;

/// As many large batches are compressed at once as there are cores. This is shared by all workers with
/// reason: what it shares out is the machine, and bodies take turns at it batch by batch.
static SEATS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));

/// A batch being compressed elsewhere.
pub struct Job(JoinHandle<Result<Coded, BodyFault>>);

/// What came out, and the coder for the next batch.
type Coded = (Coder, Vec<u8>);

impl Job {
    /// Compresses a batch as soon as there is a seat. Without a coder one is taken then.
    pub fn start(coder: Option<Coder>, level: u8, batch: Vec<Bytes>, flush: Flush) -> Self {
        // A task of its own, since one whose client takes nothing is not asked whether it has its seat.
        Self(tokio::spawn(code(coder, level, batch, flush)))
    }

    /// What came out, and the coder for the next batch.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Coded, BodyFault>> {
        // It fails only with the process, or by a panic.
        let done = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(done.unwrap_or(Err(BodyFault::Coding)))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn code(coder: Option<Coder>, level: u8, batch: Vec<Bytes>, flush: Flush) -> Result<Coded, BodyFault> {
    let seat = SEATS.acquire().await;
    let mut coder = coder.unwrap_or_else(|| Coder::take(level));
    let coding = tokio::task::spawn_blocking(move || {
        let coded = coder.code(&batch, flush);
        drop(seat);
        coded.map(|coded| (coder, coded))
    });
    // It fails only with the process, or by a panic.
    coding.await.map_err(|_| BodyFault::Coding)?
}
