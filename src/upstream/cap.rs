//! How many requests may be under way at an upstream, and who waits when it is full: first come, first
//! served, in a queue bounded in number and time. The count is the upstream's, not the worker's, so this
//! is one counter for all cores: what protects a database must be exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::http::exchange::{Permit, Release};
use crate::http::refusal::Refusal;

/// The requests under way at one upstream. It outlives gateways: a reload that emptied it would let twice
/// as many through.
pub struct Cap {
    max: usize,
    places: Semaphore,
    waiting: AtomicUsize,
}

/// How many may wait and for how long; it belongs to the gateway, so a reload can change it.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Requests that may wait; 0 refuses at once.
    pub size: usize,
    /// How long one may wait.
    pub timeout: Duration,
}

/// One place in the queue, left when the wait is over for whatever reason.
struct Waiting<'a>(&'a AtomicUsize);

impl Cap {
    /// So many requests at once.
    pub fn new(max: u32) -> Arc<Self> {
        let max = (max as usize).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            max,
            places: Semaphore::new(max),
            waiting: AtomicUsize::new(0),
        })
    }

    /// A place, if one is free now. It overtakes nobody: a place that comes free goes to who waits.
    pub fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        self.places.try_acquire().ok()?.forget();
        Some(self.permit())
    }

    /// A place, now or after a wait in the queue.
    pub async fn enter(self: &Arc<Self>, queue: Queue) -> Result<Permit, Refusal> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let _waiting = self.wait(queue.size).ok_or(Refusal::UpstreamBusy)?;
        match tokio::time::timeout(queue.timeout, self.places.acquire()).await {
            Ok(Ok(place)) => {
                place.forget();
                Ok(self.permit())
            }
            Ok(Err(_)) | Err(_) => Err(Refusal::UpstreamQueueTimeout),
        }
    }

    /// Requests that may be under way at once.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Requests under way.
    pub fn in_flight(&self) -> usize {
        self.max.saturating_sub(self.places.available_permits())
    }

    /// Requests that wait for a place.
    pub fn queued(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    fn permit(self: &Arc<Self>) -> Permit {
        Permit::new(Arc::<Self>::clone(self))
    }

    fn wait(&self, size: usize) -> Option<Waiting<'_>> {
        let one_more = |waiting| (waiting < size).then_some(waiting + 1);
        self.waiting.fetch_update(Relaxed, Relaxed, one_more).ok()?;
        Some(Waiting(&self.waiting))
    }
}

impl Release for Cap {
    fn release(&self) {
        self.places.add_permits(1);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const QUEUE: Queue = Queue {
        size: 1,
        timeout: Duration::from_secs(2),
    };

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded_in_number() {
        let cap = Cap::new(1);
        let held = cap.try_enter().unwrap();
        let mut first = pin!(cap.enter(QUEUE));
        assert!(poll(first.as_mut()).is_pending());
        assert_eq!((cap.in_flight(), cap.queued()), (1, 1));
        assert_eq!(cap.enter(QUEUE).await.unwrap_err(), Refusal::UpstreamBusy);
        drop(held);
        let permit = first.await.unwrap();
        assert_eq!((cap.in_flight(), cap.queued()), (1, 0));
        drop(permit);
        assert_eq!(cap.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded_in_time() {
        let cap = Cap::new(1);
        let _held = cap.try_enter().unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(cap.enter(QUEUE).await.unwrap_err(), Refusal::UpstreamQueueTimeout);
        assert_eq!(began.elapsed().as_secs(), 2);
        assert_eq!(cap.queued(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_overtakes_who_waits() {
        let cap = Cap::new(1);
        let held = cap.try_enter().unwrap();
        let mut first = pin!(cap.enter(QUEUE));
        assert!(poll(first.as_mut()).is_pending());
        drop(held);
        assert!(cap.try_enter().is_none());
        assert!(poll(first.as_mut()).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_queue_makes_room() {
        let cap = Cap::new(1);
        let held = cap.try_enter().unwrap();
        {
            let mut gone = pin!(cap.enter(QUEUE));
            assert!(poll(gone.as_mut()).is_pending());
        }
        assert_eq!(cap.queued(), 0);
        drop(held);
        assert!(cap.try_enter().is_some());
    }
}
