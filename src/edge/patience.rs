//! The tasks of an HTTP/2 connection, each with a limit to how long its client may take nothing of an answer.
//! A client that grants no window would hold an upstream connection for ever at the price of a ping.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::Executor;
use pin_project_lite::pin_project;

use crate::edge::gate::Gate;
use crate::http::stall;
use crate::upstream::alarm::Alarm;

/// Runs the streams of a connection as tasks.
#[derive(Debug, Clone)]
pub(super) struct Patiently {
    gate: Arc<Gate>,
}

impl Patiently {
    /// For the connection with this gate.
    pub(super) fn at(gate: Arc<Gate>) -> Self {
        Self { gate }
    }
}

impl<F> Executor<F> for Patiently
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        // Boxed, as the runtime moves what it is given six times on its way in and out.
        tokio::spawn(Box::pin(Patient::of(stream, Arc::clone(&self.gate))));
    }
}

pin_project! {
    /// A stream, until it is done or given up.
    struct Patient<F> {
        #[pin]
        stream: Option<F>,
        gate: Arc<Gate>,
        // Which opening of the gate it waits for.
        waits: Option<usize>,
        // At which look at the socket it let the others go first.
        turn: usize,
        // How long the client may take nothing, once the body of its answer has begun.
        patience: Option<Option<Duration>>,
        // Since when the client takes nothing.
        since: Option<Instant>,
        alarm: Alarm,
    }
}

impl<F> Patient<F> {
    fn of(stream: F, gate: Arc<Gate>) -> Self {
        Self {
            stream: Some(stream),
            gate,
            waits: None,
            turn: 0,
            patience: None,
            since: None,
            alarm: Alarm::default(),
        }
    }
}

impl<F: Future> Future for Patient<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        // Also one that has said nothing yet: the head of an answer that waits before the socket is larger than the
        // request that waits for it. How long that may last is the connection's affair, which sees its socket.
        if this.gate.is_shut() {
            this.gate.wait(this.waits, cx.waker());
            return Poll::Pending;
        }
        if this.patience.is_some() && this.gate.should_wait(this.turn) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        stall::take();
        let polled = stream.poll(cx);
        let notes = stall::take();
        this.gate.put(notes.bytes);
        if polled.is_ready() {
            return Poll::Ready(());
        }
        if let Some(patience) = notes.begun {
            (*this.patience, *this.since) = (Some(patience), Some(now()));
        }
        match notes.waits_for_source {
            Some(true) => *this.since = None,
            Some(false) => *this.since = Some(now()),
            // Woken, and still the body is not asked for more.
            None => {}
        }
        let Some((since, patience)) = this.since.zip(this.patience.flatten()) else {
            return Poll::Pending;
        };
        ready!(this.alarm.poll(since + patience, cx));
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
        let began = now();
        let mut tick = tokio::time::interval(SECOND);
        let mut polls = 0;
        let stream = poll_fn(move |cx| {
            while tick.poll_tick(cx).is_ready() {
                if polls == 0 {
                    stall::begin(Some(5 * SECOND));
                }
                if let Some(waits) = notes(polls) {
                    stall::asked(waits, 0);
                }
                polls += 1;
            }
            if polls > 100 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        Patient::of(stream, Arc::default()).await;
        (now() - began).as_secs()
    }

    #[test]
    fn patience_takes_little_room_beside_the_stream() {
        // A stream of an HTTP/2 client takes 440 bytes, and together they are to fit into 512 of the allocator.
        assert!(size_of::<Patient<Box<()>>>() - size_of::<Box<()>>() <= 72);
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
}
