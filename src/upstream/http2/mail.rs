//! What has come of an answer and is not taken. h2 keeps each piece where it was read, a buffer for every one in it: so what comes is
//! taken out of its hands at once, and copied unless somebody waits for it, so that it lies here in as many octets as it has.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;

/// What h2 reads into.
const BUFFER: usize = 8 << 10;
/// Up to so much is kept in as many octets as it has; more grows by doubling, which copies less.
const LITTLE: usize = 64 << 10;

/// One answer's.
#[derive(Debug, Default)]
pub(super) struct Mail(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// As it was read, for who waited for it.
    whole: Bytes,
    /// What came besides.
    copied: Copied,
    /// What stands behind the body.
    pub(super) trailers: Option<Box<HeaderMap>>,
    /// That is all, or why there is no more.
    pub(super) end: Option<Result<(), h2::Error>>,
    /// Who waits for more.
    reader: Option<Waker>,
    /// Who fetches it.
    carrier: Option<Waker>,
    /// Nobody wants any more.
    unwanted: bool,
}

/// Octets of their own.
#[derive(Debug, Default)]
struct Copied {
    octets: Vec<u8>,
    /// So many of them were taken.
    taken: usize,
}

impl Mail {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Its parts do not depend on each other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody wants any more.
    pub(super) fn refuse(&self) {
        let mut state = self.state();
        state.unwanted = true;
        state.carrier.take().into_iter().for_each(Waker::wake);
    }

    /// Fetches what there is now. Ready once there will be no more.
    pub(super) fn poll_fetch(&self, stream: &mut RecvStream, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.state().unwanted {
                return Poll::Ready(());
            }
            let Poll::Ready(piece) = stream.poll_data(cx) else {
                self.state().carrier = Some(cx.waker().clone());
                return Poll::Pending;
            };
            match piece {
                Some(Ok(piece)) => {
                    // What the server may send is granted by us; h2 shall never think that it is too much.
                    let _over = stream.flow_control().release_capacity(piece.len());
                    self.state().put(piece);
                }
                Some(Err(error)) => {
                    self.state().end(Err(error));
                    return Poll::Ready(());
                }
                None => return self.poll_trailers(stream, cx),
            }
        }
    }

    fn poll_trailers(&self, stream: &mut RecvStream, cx: &mut Context<'_>) -> Poll<()> {
        let Poll::Ready(trailers) = stream.poll_trailers(cx) else {
            self.state().carrier = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let mut state = self.state();
        let end =
            trailers.map(|trailers| state.trailers = trailers.filter(|all| !all.is_empty()).map(Box::new));
        state.end(end);
        Poll::Ready(())
    }
}

/// Fetches all that comes.
pub(super) async fn carry(mail: Arc<Mail>, mut stream: RecvStream) {
    poll_fn(|cx| mail.poll_fetch(&mut stream, cx)).await;
}

impl State {
    fn put(&mut self, piece: Bytes) {
        if self.reader.is_some() && self.is_empty() {
            self.whole = piece;
        } else {
            self.copied.put(&piece);
        }
        self.wake();
    }

    fn end(&mut self, end: Result<(), h2::Error>) {
        self.end = Some(end);
        self.wake();
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().for_each(Waker::wake);
    }

    /// The task is woken when there is more.
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        self.reader = Some(cx.waker().clone());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length() == 0
    }

    pub(super) fn length(&self) -> usize {
        self.whole.len() + self.copied.length()
    }

    /// All that lies together.
    pub(super) fn take_all(&mut self) -> Bytes {
        if self.whole.is_empty() {
            return self.copied.take_all();
        }
        std::mem::take(&mut self.whole)
    }

    /// So much of it, at most; it keeps little else in memory.
    pub(super) fn take(&mut self, octets: usize) -> Bytes {
        let (next, held) = match self.whole.len() {
            0 => (self.copied.length(), self.copied.octets.capacity()),
            whole => (whole, BUFFER),
        };
        if next <= octets && 2 * next >= held {
            return self.take_all();
        }
        self.take_apart(octets)
    }

    /// So much of it, at most; it keeps nothing else.
    pub(super) fn take_apart(&mut self, octets: usize) -> Bytes {
        if !self.whole.is_empty() {
            self.copied.put_first(&std::mem::take(&mut self.whole));
        }
        self.copied.take(octets)
    }
}

impl Copied {
    fn length(&self) -> usize {
        self.octets.len() - self.taken
    }

    /// Adds to it. While it is little it takes no more memory than that.
    fn put(&mut self, piece: &[u8]) {
        self.forget_taken();
        if self.octets.len() + piece.len() <= LITTLE {
            self.octets.reserve_exact(piece.len());
        }
        self.octets.extend_from_slice(piece);
    }

    fn put_first(&mut self, piece: &[u8]) {
        let later = std::mem::take(self).take_all();
        self.put(piece);
        self.put(&later);
    }

    fn take(&mut self, octets: usize) -> Bytes {
        let left = self.octets.get(self.taken..).unwrap_or_default();
        let taken = Bytes::copy_from_slice(left.get(..octets).unwrap_or(left));
        self.taken += taken.len();
        if self.taken >= self.octets.len() / 4 {
            self.forget_taken();
            self.octets.shrink_to_fit();
        }
        taken
    }

    fn take_all(&mut self) -> Bytes {
        self.forget_taken();
        Bytes::from(std::mem::take(&mut self.octets))
    }

    fn forget_taken(&mut self) {
        self.octets.drain(..std::mem::take(&mut self.taken));
    }
}

#[cfg(test)]
mod tests;
