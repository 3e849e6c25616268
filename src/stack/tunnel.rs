//! A request after its 101: it lives on as a tunnel, with its route, its place among the client's streams and
//! its line in the log, until one side leaves, a limit ends it or the listener closes. What flows through
//! is nobody's business but the peers'; only the frames of WebSockets are told apart, to say farewell between two.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use crate::http::handover::{Estate, Successor};
use crate::http::upgrade;
use crate::stack::passage::Held;
use crate::stack::tunnel::relay::{Limits, Relay};
use crate::upstream::tunnel::Link;

mod relay;
mod way;

/// The longest wait for a peer's answer to our farewell; half of the drain if that is less.
const GRACE: Duration = Duration::from_secs(2);

/// A request whose upstream has switched protocols.
pub struct Tunnel {
    passage: Held,
    link: Box<Link>,
}

impl Tunnel {
    /// The tunnel of this request over this connection.
    pub fn new(passage: Held, link: Box<Link>) -> Self {
        Self { passage, link }
    }

    /// Runs over a stream of HTTP/2, which there is once the consent is on its way.
    pub async fn over_stream(self, stream: Box<OnUpgrade>) {
        let closing = self.passage.exchange.connection.facts.closing.clone();
        match stream.await {
            Ok(stream) => {
                let estate = Estate {
                    socket: Box::new(TokioIo::new(stream)),
                    early: Bytes::new(),
                    closing,
                };
                self.run(estate).await;
            }
            // Gone before it began; the passage closes its account by itself.
            Err(error) => tracing::debug!(error = %error, "a stream could not be taken over"),
        }
    }

    async fn run(self, estate: Estate) {
        let Self { mut passage, link } = self;
        let Estate {
            socket,
            early,
            closing,
        } = estate;
        let waits = &passage.place.route().waits;
        let (drain, farewell) = (
            passage.lane.holder.snapshot().drain,
            upgrade::names_websocket(&passage.exchange.head.headers),
        );
        let limits = Limits {
            idle: waits.stream.idle,
            until: waits.stream_max.map(|most| now() + most),
            // What has no word for a farewell goes on while there is time.
            grace: if farewell { GRACE.min(drain / 2) } else { drain },
            farewell,
        };
        let mut relay = Relay::new((socket, early), (link.socket, link.early), limits);
        let end = relay.run(closed(closing)).await;
        (passage.ledger.bytes_in, passage.ledger.bytes_out) = relay.bytes();
        drop(link.hold);
        passage.close(end);
    }
}

impl Successor for Tunnel {
    fn succeed(self: Box<Self>, estate: Estate) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.run(estate))
    }
}

/// A listener that is gone is closed.
async fn closed(mut closing: watch::Receiver<bool>) {
    let _gone = closing.wait_for(|closing| *closing).await.is_err();
}

/// The clock of the timers, so that both agree when a test stops it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
