//! Whether a server is still there: where requests are under way and nothing comes, it is asked (RFC 9113 §6.7).

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use h2::{Ping, PingPong};

use crate::upstream::http2::ears::Ears;
use crate::upstream::transport::Http2;

/// How often is looked in the time that a silence may take.
const LOOKS: u32 = 4;

/// Asks the server of one connection.
pub(super) struct Pulse {
    pings: PingPong,
    every: Duration,
    patience: Duration,
    ears: Arc<Ears>,
    /// How many requests are under way.
    open: Arc<AtomicUsize>,
}

impl Pulse {
    /// None where nothing is to be asked.
    pub(super) fn new(
        pings: PingPong,
        terms: &Http2,
        ears: &Arc<Ears>,
        open: &Arc<AtomicUsize>,
    ) -> Option<Self> {
        Some(Self {
            pings,
            every: terms.ping?,
            patience: terms.ping_timeout,
            ears: Arc::clone(ears),
            open: Arc::clone(open),
        })
    }

    /// Until it gives no sign of life.
    pub(super) async fn stops(pulse: Option<Self>) {
        match pulse {
            Some(mut pulse) => while pulse.beats().await {},
            None => std::future::pending().await,
        }
    }

    /// Waits for a silence, and says whether the server breaks it when it is asked to.
    async fn beats(&mut self) -> bool {
        let mut heard = self.ears.heard();
        let mut quiet = 0;
        while quiet < LOOKS {
            tokio::time::sleep(self.every / LOOKS).await;
            let before = std::mem::replace(&mut heard, self.ears.heard());
            let waits = heard == before && self.open.load(Relaxed) > 0;
            quiet = if waits { quiet + 1 } else { 0 };
        }
        // Where an earlier one has no answer yet, that one is waited for.
        let _earlier = self.pings.send_ping(Ping::opaque());
        let answer = poll_fn(|cx| self.pings.poll_pong(cx));
        let answered = tokio::time::timeout(self.patience, answer).await;
        // Whatever comes is a sign of life; the connection's own end is not for here.
        answered.is_ok() || self.ears.heard() != heard
    }
}
