//! The place off the workers where large batches are compressed. Whoever waits for it holds no coder, and whoever does not
//! come for what was compressed holds no place.

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
use crate::http::gzip::batch::Batch;
use crate::http::gzip::writer::Writer;

/// As many large batches are compressed at once as there are cores. This is shared by all workers with
/// reason: what it shares out is the machine, and bodies take turns at it batch by batch.
static SEATS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));

/// A batch being compressed elsewhere.
pub struct Job(JoinHandle<Result<(Writer, Bytes), BodyFault>>);

impl Job {
    /// Compresses a batch as soon as there is a seat.
    pub fn start(writer: Writer, batch: Batch, flush: Flush) -> Self {
        // A task of its own, since one whose client takes nothing is not asked whether it has its seat.
        Self(tokio::spawn(code(writer, batch, flush)))
    }

    /// What came out, and the writer for the next batch.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Writer, Bytes), BodyFault>> {
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

async fn code(mut writer: Writer, batch: Batch, flush: Flush) -> Result<(Writer, Bytes), BodyFault> {
    let seat = SEATS.acquire().await;
    writer.prepare(flush);
    let coding = tokio::task::spawn_blocking(move || {
        let coded = writer.write(&batch, flush);
        drop(seat);
        (writer, batch, coded)
    });
    // It fails only with the process, or by a panic.
    let (mut writer, batch, coded) = coding.await.map_err(|_| BodyFault::Coding)?;
    let coded = writer.settle(batch, coded?, flush);
    Ok((writer, coded))
}
