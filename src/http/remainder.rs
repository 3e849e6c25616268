//! What a client still sends of a body that nobody reads, over HTTP/2. An answer that comes with the reset of its stream
//! (RFC 9113 §8.1) is lost on clients that see the reset first: curl 7.88 shows an error in place of the status. So a
//! bounded part of the body is read and thrown away, and the reset comes when the client has had time to read the answer.

use std::future::{pending, poll_fn};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::http::inflow::Inflow;

/// How much is read, in bytes; what comes after it waits in the stream's window.
const MOST: usize = 64 << 10;
/// From the answer to the reset, where the client does not end the stream itself.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Reads what is left of a body and throws it away, in a task of its own where it does not end at once. `held` is given
/// back at the end of it: what the request holds of its client's limits.
pub fn discard(mut body: Inflow, held: impl Send + 'static) {
    let mut cx = Context::from_waker(Waker::noop());
    // So it is where its connection has ended.
    if let Poll::Ready(Some(Err(_)) | None) = body.poll(&mut cx) {
        return;
    }
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        let _over = timeout(TIMEOUT, drain(body)).await;
        drop(held);
    });
}

/// Until the body is over. One that is longer keeps its stream open as long as it is let.
async fn drain(mut body: Inflow) {
    let mut left = MOST;
    while left > 0 {
        match poll_fn(|cx| body.poll(cx)).await {
            Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len)),
            Some(Err(_)) | None => return,
        }
    }
    pending::<()>().await;
}

/// Where a body is left that is on its way to a server, until its request is answered: whoever is the last to drop this,
/// the request or the body, has the rest discarded.
#[derive(Debug, Default)]
pub struct Remainder<T: Send + 'static>(Mutex<(Option<Inflow>, Option<T>)>);

impl<T: Send + 'static> Remainder<T> {
    /// Nobody will read the rest of this.
    pub fn leave(&self, body: Inflow) {
        self.parts().0 = Some(body);
    }

    /// The request is answered, and held this.
    pub fn hold(&self, held: T) {
        self.parts().1 = Some(held);
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, (Option<Inflow>, Option<T>)> {
        // Each part is there or not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Drop for Remainder<T> {
    fn drop(&mut self) {
        let (body, held) = std::mem::take(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(body) = body {
            discard(body, held);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::Frame;

    use super::*;
    use crate::http::inflow::Flow;

    const PIECE: usize = 1 << 10;

    /// So many pieces, and how many were read.
    struct Pieces(usize, Arc<AtomicUsize>);

    impl Flow for Pieces {
        fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            if self.is_over() {
                return Poll::Ready(None);
            }
            self.1.fetch_add(1, Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; PIECE])))))
        }

        fn is_over(&self) -> bool {
            self.0 <= self.1.load(Relaxed)
        }

        fn left(&self) -> Option<u64> {
            None
        }
    }

    /// A body of so many pieces, how many of them are read, and what tells that it is held.
    fn body(pieces: usize) -> (Inflow, Arc<AtomicUsize>, Arc<()>) {
        let read = Arc::default();
        (
            Inflow::Own(Box::new(Pieces(pieces, Arc::clone(&read)))),
            read,
            Arc::new(()),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_body_is_read_to_its_end_and_what_is_held_given_back() {
        let (body, read, held) = body(3);
        discard(body, Arc::clone(&held));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!((read.load(Relaxed), Arc::strong_count(&held)), (3, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_long_one_so_much_is_read_and_it_is_held_for_a_second() {
        let (body, read, held) = body(1000);
        discard(body, Arc::clone(&held));
        tokio::time::sleep(TIMEOUT.saturating_sub(Duration::from_millis(10))).await;
        assert_eq!(
            (read.load(Relaxed), Arc::strong_count(&held)),
            (MOST / PIECE + 1, 2)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(
            (read.load(Relaxed), Arc::strong_count(&held)),
            (MOST / PIECE + 1, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_discarded_when_the_last_of_both_lets_go() {
        let (body, read, held) = body(3);
        let remainder = Arc::new(Remainder::default());
        let request = Arc::clone(&remainder);
        remainder.leave(body);
        drop(remainder);
        tokio::time::sleep(TIMEOUT).await;
        assert_eq!(read.load(Relaxed), 0, "the request is not answered yet");
        request.hold(Arc::clone(&held));
        drop(request);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!((read.load(Relaxed), Arc::strong_count(&held)), (3, 1));
    }
}
