//! How a stream ends when the gateway stops. Where it shall end early, it does so between two events, so that the client has
//! lost nothing and comes again, to whoever serves next (WHATWG HTML §9.2). Else it runs on until the time to finish is
//! over, and is cut there so that nobody takes it for whole.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;

/// Where a stream may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// After an empty line: server-sent events.
    Event,
    /// After a line: JSON, one document each.
    Line,
    /// Anywhere, and it is told as a cut.
    Cut,
}

/// Knows when a stream may end.
pub(super) struct Goodbye {
    pub(super) parting: Parting,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    closed: bool,
    /// The last octets that passed; line ends before the first.
    tail: [u8; 3],
}

impl Goodbye {
    /// Of a stream of which nothing has passed, and which is to end when this becomes true.
    pub(super) fn new(mut closing: watch::Receiver<bool>, parting: Parting) -> Self {
        let closing = Box::pin(async move {
            // A listener that is gone is closed.
            let _gone = closing.wait_for(|closing| *closing).await.is_err();
        });
        Self {
            parting,
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
            && match self.parting {
                Parting::Event => matches!(
                    self.tail,
                    [_, b'\n', b'\n'] | [_, b'\r', b'\r'] | [b'\n', b'\r', b'\n']
                ),
                Parting::Line => matches!(self.tail, [_, _, b'\n']),
                Parting::Cut => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_due(pieces: &[&str], closing: bool) -> bool {
        is_due_at(Parting::Event, pieces, closing)
    }

    fn is_due_at(parting: Parting, pieces: &[&str], closing: bool) -> bool {
        let (_listener, watched) = watch::channel(closing);
        let mut goodbye = Goodbye::new(watched, parting);
        for piece in pieces {
            goodbye.passed(piece.as_bytes());
        }
        goodbye.is_due(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn lines_end_after_a_line_and_a_cut_comes_anywhere() {
        assert!(is_due_at(Parting::Line, &["{}\n"], true));
        assert!(!is_due_at(Parting::Line, &["{}\n{"], true));
        assert!(is_due_at(Parting::Cut, &["{"], true));
        assert!(!is_due_at(Parting::Cut, &["{}\n"], false));
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
