//! The streams of an HTTP/2 connection as tasks, each with a slow-reader timeout: how long its client may take nothing of an
//! answer. A client that grants no window would hold an upstream connection for ever at the price of a ping.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::Executor;
use pin_project_lite::pin_project;

use crate::http::phase::Phase;
use crate::http::stall;
use crate::upstream::alarm::Alarm;

/// Runs the streams of a connection as tasks.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Phase>);

impl Streams {
    /// Those of the connection in this phase.
    pub(super) fn of(phase: &Arc<Phase>) -> Self {
        Self(Arc::clone(phase))
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        // Boxed, as the runtime moves what it is given six times on its way in and out.
        tokio::spawn(Box::pin(Timed::of(stream, Arc::clone(&self.0))));
    }
}

pin_project! {
    /// A stream, until it is done or given up.
    struct Timed<F> {
        #[pin]
        stream: Option<F>,
        phase: Arc<Phase>,
        // How long the client may take nothing, once the body of its answer has begun.
        timeout: Option<Option<Duration>>,
        // Since when the client takes nothing.
        since: Option<Instant>,
        alarm: Alarm,
    }
}

impl<F> Timed<F> {
    fn of(stream: F, phase: Arc<Phase>) -> Self {
        Self {
            stream: Some(stream),
            phase,
            timeout: None,
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
        stall::take();
        let polled = stream.poll(cx);
        let notes = stall::take();
        if polled.is_ready() {
            return Poll::Ready(());
        }
        if let Some(timeout) = notes.begun {
            (*this.timeout, *this.since) = (Some(timeout), Some(now()));
        }
        match notes.waits_for_source {
            Some(true) => *this.since = None,
            Some(false) => *this.since = Some(now()),
            // Woken, and still the body is not asked for more.
            None => {}
        }
        let Some((since, timeout)) = this.since.zip(this.timeout.flatten()) else {
            return Poll::Pending;
        };
        ready!(this.alarm.poll(since + timeout, cx));
        // While the socket is full, all streams wait for it: how long that may last is the connection's affair.
        if this.phase.is_blocked() {
            let again = *this.since.insert(now()) + timeout;
            ready!(this.alarm.poll(again, cx));
        }
        stall::give_up(|| this.stream.set(None));
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

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How long a stream lives that finds this at each poll, one a second.
    async fn lives(notes: impl Fn(u64) -> Option<bool> + Send + 'static) -> u64 {
        let phase = Arc::new(Phase::new(now()));
        lives_in(&phase, notes).await
    }

    async fn lives_in(phase: &Arc<Phase>, notes: impl Fn(u64) -> Option<bool> + Send + 'static) -> u64 {
        let began = now();
        let mut tick = tokio::time::interval(SECOND);
        let mut polls = 0;
        let stream = poll_fn(move |cx| {
            while tick.poll_tick(cx).is_ready() {
                if polls == 0 {
                    stall::begin(Some(5 * SECOND));
                }
                if let Some(waits) = notes(polls) {
                    stall::asked(waits);
                }
                polls += 1;
            }
            if polls > 100 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        Timed::of(stream, Arc::clone(phase)).await;
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
        assert_eq!(lives(|poll| (poll == 3).then_some(false)).await, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_for_its_upstream_is_left_alone() {
        assert_eq!(lives(|poll| (poll == 0).then_some(true)).await, 100);
        assert_eq!(lives(|poll| (poll % 4 == 0).then_some(false)).await, 100);
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
