//! One timer for each connection, set again only when it rings too early. Deadlines move with every
//! request and are hardly ever reached; to register each of them would cost more than all else here.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

use crate::upstream::now;

/// A timer that rings at or after the moment it is asked for.
#[derive(Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `at` has passed. A timer left from an earlier request stays in place if it rings before.
    pub fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .0
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if timer.deadline() > at.into() {
            timer.as_mut().reset(at.into());
        }
        ready!(timer.as_mut().poll(cx));
        if now() >= at {
            return Poll::Ready(());
        }
        timer.as_mut().reset(at.into());
        timer.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    async fn ring(alarm: &mut Alarm, after: u64) -> Duration {
        let began = now();
        let at = began + Duration::from_secs(after);
        poll_fn(|cx| alarm.poll(at, cx)).await;
        now() - began
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_left_over_never_rings_too_early() {
        let mut alarm = Alarm::default();
        assert_eq!(ring(&mut alarm, 2).await.as_secs(), 2);
        assert_eq!(ring(&mut alarm, 60).await.as_secs(), 60);
        assert_eq!(ring(&mut alarm, 1).await.as_secs(), 1);
    }
}
