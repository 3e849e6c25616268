//! The shared connections of one worker to one address: one, as long as the server takes enough streams; never two
//! attempts to connect at the same time.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use crate::upstream::http2::link::{Link, Seat};

/// What became of an attempt to connect, told to all who wait for it.
pub(in crate::upstream) type Outcome = Result<Arc<Link>, Arc<io::Error>>;
/// An attempt that many wait for. It ends when the last of them leaves.
pub(in crate::upstream) type Connecting = Shared<Pin<Box<dyn Future<Output = Outcome> + Send>>>;
type LastingNoLonger = WeakShared<Pin<Box<dyn Future<Output = Outcome> + Send>>>;

/// The connections of a lane. Its lock is only ever contended by the sweep every few seconds.
#[derive(Default)]
pub(in crate::upstream) struct Multiplex(Mutex<State>);

#[derive(Default)]
struct State {
    links: Vec<Arc<Link>>,
    connecting: Option<LastingNoLonger>,
}

impl Multiplex {
    /// A seat on a connection there is. Full ones are passed over; those found unfit are let go, and end when
    /// their last stream does.
    pub(in crate::upstream) fn take(&self, now: Instant, pool_idle: Duration) -> Option<Seat> {
        let mut state = self.state();
        state.links.retain(|link| link.is_fit(now, pool_idle));
        state.links.iter().find_map(|link| link.seat(true, now))
    }

    /// The attempt under way, or a new one.
    pub(in crate::upstream) fn connecting<F>(&self, begin: impl FnOnce() -> F) -> Connecting
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut state = self.state();
        let under_way = state.connecting.as_ref().and_then(WeakShared::upgrade);
        if let Some(under_way) = under_way.filter(|attempt| attempt.peek().is_none()) {
            return under_way;
        }
        let attempt = Self::apart(begin());
        state.connecting = attempt.downgrade();
        attempt
    }

    /// An attempt that nobody else waits for.
    pub(in crate::upstream) fn apart(attempt: impl Future<Output = Outcome> + Send + 'static) -> Connecting {
        let attempt: Pin<Box<dyn Future<Output = Outcome> + Send>> = Box::pin(attempt);
        attempt.shared()
    }

    /// Another connection to take seats on.
    pub(in crate::upstream) fn add(&self, link: Arc<Link>) {
        self.state().links.push(link);
    }

    /// Lets go of what is closed or has been idle for too long.
    pub(in crate::upstream) fn sweep(&self, now: Instant) {
        self.state().links.retain(|link| !link.is_stale(now));
    }

    /// Lets go of all; streams under way go on.
    pub(in crate::upstream) fn clear(&self) {
        self.state().links.clear();
    }

    /// Connections without a stream.
    pub(in crate::upstream) fn idle(&self) -> usize {
        self.state().links.iter().filter(|link| link.is_idle()).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
