//! How an event stream ends when its listener closes: between two events, so that the client has lost nothing and
//! comes again, to whoever serves next (WHATWG HTML §9.2). Without it every stream would last until the time to
//! finish is over, and be cut in the middle.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;

/// Knows when a stream may end.
pub(super) struct Goodbye {
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    closed: bool,
    /// The last octets that passed; line ends before the first.
    tail: [u8; 3],
}

impl Goodbye {
    /// Of a stream of which nothing has passed, on a listener that closes when this becomes true.
    pub(super) fn new(mut closing: watch::Receiver<bool>) -> Self {
        let closing = Box::pin(async move {
            // A listener that is gone is closed.
            let _gone = closing.wait_for(|closing| *closing).await.is_err();
        });
        Self {
            closing,
            closed: false,
            tail: [b'\n'; 3],
        }
    }

    pub(super) fn passed(&mut self, bytes: &[u8]) {
        let last = bytes.get(bytes.len().saturating_sub(3)..).unwrap_or_default();
        for octet in last {
            let [_, b, c] = self.tail;
            self.tail = [b, c, *octet];
        }
    }

    /// Whether it is time to end; if not, the task is woken when it may be.
    pub(super) fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        self.closed = self.closed || self.closing.as_mut().poll(cx) == Poll::Ready(());
        self.closed
            && matches!(
                self.tail,
                [_, b'\n', b'\n'] | [_, b'\r', b'\r'] | [b'\n', b'\r', b'\n']
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_due(pieces: &[&str], closing: bool) -> bool {
        let (_listener, watched) = watch::channel(closing);
        let mut goodbye = Goodbye::new(watched);
        for piece in pieces {
            goodbye.passed(piece.as_bytes());
        }
        goodbye.is_due(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn a_stream_ends_between_events_only() {
        for pieces in [
            &[][..],
            &["data: 1\n\n"],
            &["data: 1\r\n\r\n"],
            &["data: 1\r\r"],
            &["data: 1\n", "\n"],
        ] {
            assert!(is_due(pieces, true), "{pieces:?}");
            assert!(!is_due(pieces, false), "{pieces:?}");
        }
        for pieces in [
            &["data: 1"][..],
            &["data: 1\n"],
            &["data: 1\r\n"],
            &["data: 1\n\n", "d"],
        ] {
            assert!(!is_due(pieces, true), "{pieces:?}");
        }
    }
}
