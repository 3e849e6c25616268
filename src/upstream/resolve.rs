//! Names to addresses, off the workers: every few seconds, and at once when a connection failed. A
//! look-up that fails changes nothing, since an old address is better than none.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::upstream::server::Server;

/// How often a name is looked up when nothing happens.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// How often at most: a dead server must not turn every request into a question to the name server.
const AT_MOST: Duration = Duration::from_millis(250);

/// Addresses to come.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Who knows the addresses of a name.
pub trait Resolve: Send + Sync {
    /// All addresses of a name, with the port put to them.
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a>;
}

/// The system's resolver: hosts file, search domains and name servers as the machine has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Resolve for System {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Keeps the addresses of a server up to date, until dropped.
pub(super) async fn keep_resolved(server: &Server, resolver: &dyn Resolve) {
    if server.is_literal() {
        return;
    }
    let mut outage = false;
    loop {
        let began = Instant::now();
        outage = match resolver.lookup(server.host(), server.port()).await {
            Ok(addresses) if !addresses.is_empty() => found(server, addresses, outage),
            Ok(_) => missed(server, &"the name has no address", outage),
            Err(error) => missed(server, &error, outage),
        };
        tokio::select! {
            () = sleep_until(began + EVERY) => {}
            () = server.ties.lost.notified() => sleep_until(began + AT_MOST).await,
        }
    }
}

/// Takes the addresses over. Returns whether the name is lost, as `missed` does.
fn found(server: &Server, addresses: Vec<SocketAddr>, outage: bool) -> bool {
    if server.set_addresses(addresses) || outage {
        let addresses: Vec<_> = server.endpoints().iter().map(|it| it.address()).collect();
        tracing::info!(server = %server, ?addresses, "server found");
    }
    false
}

/// Says so once, not with every look-up.
fn missed(server: &Server, why: &dyn std::fmt::Display, outage: bool) -> bool {
    if !outage {
        let known = server.endpoints().len();
        tracing::warn!(server = %server, error = %why, addresses_kept = known,
            "server not found: check the name in `servers` and the name server");
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers by a script, last entry first; each look-up is told through `asked`.
    struct Script {
        answers: Mutex<Vec<io::Result<Vec<SocketAddr>>>>,
        asked: tokio::sync::mpsc::UnboundedSender<Instant>,
    }

    impl Resolve for Script {
        fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
            self.asked.send(Instant::now()).unwrap();
            let next = self.answers.lock().unwrap().pop();
            Box::pin(async move { next.unwrap_or_else(|| Err(io::Error::other("silence"))) })
        }
    }

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 80))
    }

    fn addresses(server: &Server) -> Vec<SocketAddr> {
        server.endpoints().iter().map(|it| it.address()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_look_up_keeps_the_addresses() {
        let server = Server::new("app", 80, 1);
        let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
        let answers = Mutex::new(vec![Ok(vec![at(2)]), Ok(Vec::new()), Ok(vec![at(1)])]);
        let script = Script { answers, asked };
        let watching = async {
            let first = asks.recv().await.unwrap();
            assert_eq!(addresses(&server), [at(1)]);
            let second = asks.recv().await.unwrap();
            assert_eq!((second - first).as_secs(), EVERY.as_secs());
            assert_eq!(addresses(&server), [at(1)], "an empty answer is none");
            asks.recv().await.unwrap();
            assert_eq!(addresses(&server), [at(2)]);
            asks.recv().await.unwrap();
            assert_eq!(addresses(&server), [at(2)], "silence changes nothing");
        };
        tokio::select! {
            () = keep_resolved(&server, &script) => {}
            () = watching => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_asks_at_once_but_not_without_end() {
        let server = Server::new("app", 80, 1);
        let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
        let script = Script {
            answers: Mutex::default(),
            asked,
        };
        let watching = async {
            let first = asks.recv().await.unwrap();
            server.ties.lost.notify_one();
            server.ties.lost.notify_one();
            let second = asks.recv().await.unwrap();
            assert_eq!((second - first).as_millis() / 10, AT_MOST.as_millis() / 10);
        };
        tokio::select! {
            () = keep_resolved(&server, &script) => {}
            () = watching => {}
        }
    }
}
