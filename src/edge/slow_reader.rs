//! The streams of an HTTP/2 connection as tasks, each with a slow-reader timeout: how long its client may take nothing of an
//! answer. A client that grants no window would hold an upstream connection for ever at the price of a ping.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::rt::Executor;
use pin_project_lite::pin_project;

use crate::http::phase::Phase;
use crate::http::progress::{Awaited, Progress};
use crate::upstream::alarm::Alarm;

/// Runs the streams of a connection as tasks.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    phase: Arc<Phase>,
    /// Of the request that is being called.
    called: Arc<Mutex<Option<Arc<Progress>>>>,
}

impl Streams {
    /// Those of the connection in this phase.
    pub(super) fn of(phase: &Arc<Phase>) -> Self {
        Self {
            phase: Arc::clone(phase),
            called: Arc::default(),
        }
    }

    /// A request is called, and the next task sends its answer: where it writes down what that waits for.
    pub(super) fn call(&self) -> Arc<Progress> {
        let progress = Arc::<Progress>::default();
        self.called().replace(Arc::clone(&progress));
        progress
    }

    fn called(&self) -> MutexGuard<'_, Option<Arc<Progress>>> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let progress = self.called().take().unwrap_or_default();
        // Boxed, as the runtime moves what it is given six times on its way in and out.
        tokio::spawn(Box::pin(Timed::of(stream, progress, Arc::clone(&self.phase))));
    }
}

pin_project! {
    /// A stream, until it is done or given up.
    struct Timed<F> {
        #[pin]
        stream: Option<F>,
        progress: Arc<Progress>,
        phase: Arc<Phase>,
        // Since when the client takes nothing.
        since: Option<Instant>,
        alarm: Alarm,
    }
}

impl<F> Timed<F> {
    fn of(stream: F, progress: Arc<Progress>, phase: Arc<Phase>) -> Self {
        Self {
            stream: Some(stream),
            progress,
            phase,
            since: None,
            alarm: Alarm::default(),
        }
    }
}

impl<F: Future> Future for Timed<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        if stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match this.progress.take_word() {
            Some(Awaited::Source) => *this.since = None,
            Some(Awaited::Client) => *this.since = Some(now()),
            // Woken, and still the body is not asked for more.
            None => {}
        }
        let Some((since, timeout)) = this.since.zip(this.progress.timeout()) else {
            return Poll::Pending;
        };
        ready!(this.alarm.poll(since + timeout, cx));
        // While the socket is full, all streams wait for it: how long that may last is the connection's affair.
        if this.phase.is_blocked() {
            let again = *this.since.insert(now()) + timeout;
            ready!(this.alarm.poll(again, cx));
        }
        this.progress.give_up();
        this.stream.set(None);
        Poll::Ready(())
    }
}

/// The clock of the timers, so that both agree when a test stops it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How long a stream lives that finds this at each poll, one a second.
    async fn lives(words: impl Fn(u64) -> Option<Awaited> + Send + 'static) -> u64 {
        let phase = Arc::new(Phase::new(now()));
        lives_in(&phase, words).await
    }

    async fn lives_in(phase: &Arc<Phase>, words: impl Fn(u64) -> Option<Awaited> + Send + 'static) -> u64 {
        let began = now();
        let mut tick = tokio::time::interval(SECOND);
        let mut polls = 0;
        let progress = Arc::<Progress>::default();
        let request = Arc::clone(&progress);
        let stream = poll_fn(move |cx| {
            while tick.poll_tick(cx).is_ready() {
                if polls == 0 {
                    request.begin(Some(5 * SECOND));
                }
                if let Some(whom) = words(polls) {
                    request.awaits(whom);
                }
                polls += 1;
            }
            if polls > 100 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        Timed::of(stream, progress, Arc::clone(phase)).await;
        (now() - began).as_secs()
    }

    #[test]
    fn the_timeout_takes_little_beside_the_stream() {
        // A stream of an HTTP/2 client takes 440 bytes, and together they are to fit into 512 of the allocator.
        assert!(size_of::<Timed<Box<()>>>() - size_of::<Box<()>>() <= 72);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_client_takes_nothing_is_given_up() {
        assert_eq!(lives(|_| None).await, 5);
        assert_eq!(lives(|poll| (poll == 3).then_some(Awaited::Client)).await, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_for_its_upstream_is_left_alone() {
        assert_eq!(lives(|poll| (poll == 0).then_some(Awaited::Source)).await, 100);
        assert_eq!(
            lives(|poll| (poll % 4 == 0).then_some(Awaited::Client)).await,
            100
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_for_a_full_socket_is_left_alone() {
        let phase = Arc::new(Phase::new(now()));
        phase.wrote(None, now);
        assert_eq!(lives_in(&phase, |_| None).await, 100);
        phase.wrote(Some(1), now);
        assert_eq!(lives_in(&phase, |_| None).await, 5);
    }
}
