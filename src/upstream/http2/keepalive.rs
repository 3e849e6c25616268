//! Whether a server is still there: where requests are under way and nothing comes, it is asked (RFC 9113 §6.7).

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use h2::{Ping, PingPong};

use crate::upstream::http2::observer::Observer;
use crate::upstream::transport::Http2;

/// How often is looked in the time that a silence may take.
const LOOKS: u32 = 4;

/// Asks the server of one connection.
pub(super) struct Keepalive {
    pings: PingPong,
    every: Duration,
    timeout: Duration,
    observer: Arc<Observer>,
    /// How many requests are under way.
    open: Arc<AtomicUsize>,
}

impl Keepalive {
    /// None where nothing is to be asked.
    pub(super) fn new(
        pings: PingPong,
        terms: &Http2,
        observer: &Arc<Observer>,
        open: &Arc<AtomicUsize>,
    ) -> Option<Self> {
        Some(Self {
            pings,
            every: terms.ping?,
            timeout: terms.ping_timeout,
            observer: Arc::clone(observer),
            open: Arc::clone(open),
        })
    }

    /// Until it gives no sign of life.
    pub(super) async fn gone(keepalive: Option<Self>) {
        match keepalive {
            Some(mut keepalive) => while keepalive.is_alive().await {},
            None => std::future::pending().await,
        }
    }

    /// Waits for a silence, and says whether the server breaks it when it is asked to.
    async fn is_alive(&mut self) -> bool {
        let mut heard = self.observer.heard();
        let mut quiet = 0;
        while quiet < LOOKS {
            tokio::time::sleep(self.every / LOOKS).await;
            let before = std::mem::replace(&mut heard, self.observer.heard());
            let waits = heard == before && self.open.load(Relaxed) > 0;
            quiet = if waits { quiet + 1 } else { 0 };
        }
        // Where an earlier one has no answer yet, that one is waited for.
        let _earlier = self.pings.send_ping(Ping::opaque());
        let answer = poll_fn(|cx| self.pings.poll_pong(cx));
        let answered = tokio::time::timeout(self.timeout, answer).await;
        // Whatever comes is a sign of life; the connection's own end is not for here.
        answered.is_ok() || self.observer.heard() != heard
    }
}
