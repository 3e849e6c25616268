//! Files are read and written off the workers, as a disk may take its time, and a few at once: more would wait for each
//! other in threads instead of here.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How many reads and writes are under way at once, in the whole process.
static SEATS: Semaphore = Semaphore::const_new(16);

/// One read or write.
pub(super) struct Job<T>(JoinHandle<io::Result<T>>);

impl<T: Send + 'static> Job<T> {
    /// Does it as soon as there is a seat.
    pub(super) fn start(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Self {
        // A task of its own, since one whose receiver takes nothing is not asked whether it has its seat.
        Self(tokio::spawn(async {
            let seat = SEATS.acquire().await;
            let working = tokio::task::spawn_blocking(move || {
                let done = work();
                drop(seat);
                done
            });
            working.await.map_err(io::Error::other)?
        }))
    }

    /// What came of it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        // It fails only with the process, or by a panic.
        let done = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(done.map_err(io::Error::other).flatten())
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
