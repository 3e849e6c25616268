//! Looks after the servers in use, on the control runtime: names are looked up, addresses probed. After a
//! reload it is handed the new list; what stays is not disturbed, what is gone is left alone.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::upstream::Upstream;
use crate::upstream::probe::{keep_probed, keep_swept};
use crate::upstream::resolve::{Resolve, System, keep_resolved};
use crate::upstream::server::Server;
use crate::upstream::transport::Health;

/// The care for a changing list of servers. It ends when dropped.
pub struct Tending {
    runtime: Handle,
    resolver: Arc<dyn Resolve>,
    tended: Mutex<Vec<Tended>>,
}

struct Tended {
    server: Arc<Server>,
    health: Option<Health>,
    task: AbortHandle,
}

impl Tending {
    /// Nothing to look after yet. To be called on the runtime that shall do the work.
    pub fn new() -> Self {
        Self::with_resolver(Arc::new(System))
    }

    /// The same, with another source of addresses.
    pub fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            runtime: Handle::current(),
            resolver,
            tended: Mutex::default(),
        }
    }

    /// Looks after the servers of these upstreams from now on and no others. A new one is looked up and probed at once,
    /// and so is one whose health is asked otherwise than before.
    pub fn set(&self, upstreams: &[Arc<Upstream>]) {
        let wanted = upstreams.iter().flat_map(|upstream| {
            upstream
                .servers()
                .iter()
                .map(|server| (server, upstream.health()))
        });
        let wanted: Vec<_> = wanted.collect();
        let mut tended = self.tended.lock().unwrap_or_else(PoisonError::into_inner);
        tended.retain(|old| wanted.iter().any(|(server, health)| old.is(server, *health)));
        for (server, health) in wanted {
            if !tended.iter().any(|old| old.is(server, health)) {
                tended.push(self.tend(Arc::clone(server), health.cloned()));
            }
        }
    }

    fn tend(&self, server: Arc<Server>, health: Option<Health>) -> Tended {
        let (resolver, theirs, asked) = (Arc::clone(&self.resolver), Arc::clone(&server), health.clone());
        let task = self.runtime.spawn(async move {
            // Side by side: a name server that hangs must not keep the probes waiting.
            tokio::join!(
                keep_resolved(&theirs, &*resolver),
                keep_probed(&theirs, asked.as_ref()),
                keep_swept(&theirs)
            );
        });
        Tended {
            server,
            health,
            task: task.abort_handle(),
        }
    }
}

impl Default for Tending {
    fn default() -> Self {
        Self::new()
    }
}

impl Tended {
    fn is(&self, server: &Arc<Server>, health: Option<&Health>) -> bool {
        Arc::ptr_eq(server, &self.server) && self.health.as_ref() == health
    }
}

impl Drop for Tended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use tokio::join;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;
    use crate::http::refusal::Refusal;
    use crate::upstream::endpoint::Health as State;
    use crate::upstream::resolve::Lookup;
    use crate::upstream::tests::origin::{Bench, Origin, Seen, upstream_of};

    /// A name server that answers when the test says so.
    struct Prompted(Mutex<UnboundedReceiver<Vec<SocketAddr>>>);

    impl Resolve for Prompted {
        fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
            Box::pin(std::future::poll_fn(|cx| {
                let next = self.0.lock().unwrap().poll_recv(cx);
                next.map(|next| next.ok_or_else(|| io::Error::other("nobody there")))
            }))
        }
    }

    fn prompted() -> (UnboundedSender<Vec<SocketAddr>>, Tending) {
        let (tell, told) = unbounded_channel();
        (tell, Tending::with_resolver(Arc::new(Prompted(Mutex::new(told)))))
    }

    fn of(servers: &[&Arc<Server>]) -> [Arc<Upstream>; 1] {
        let servers = servers.iter().map(|server| Arc::clone(server)).collect();
        [Arc::new(upstream_of(servers, Arc::<Seen>::default()))]
    }

    /// The stopped clock moves on only when nothing else is left to happen.
    async fn until(happened: impl Fn() -> bool) {
        for _ in 0..100 {
            if happened() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        panic!("it never happened");
    }

    #[tokio::test(start_paused = true)]
    async fn probes_find_out_who_lives() {
        let origin = Origin::bind().await;
        let address = origin.address();
        let server = origin.server();
        let health = || server.endpoints()[0].health();
        assert_eq!(health(), State::Unknown);
        let tending = Tending::new();
        tending.set(&of(&[&server]));
        until(|| health() == State::Up).await;
        drop(origin);
        until(|| health() == State::Down).await;
        let _back = tokio::net::TcpListener::bind(address).await.unwrap();
        until(|| health() == State::Up).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_moved_is_found_again_after_one_failure() {
        let (old, new) = (Origin::bind().await.address(), Origin::bind().await);
        let server = Arc::new(Server::new("app", 80, 1));
        let (tell, tending) = prompted();
        tending.set(&of(&[&server]));
        let mut bench = Bench::new(vec![Arc::clone(&server)]);
        assert_eq!(bench.refused().await, Refusal::UpstreamUnresolved);
        tell.send(vec![old]).unwrap();
        until(|| !server.endpoints().is_empty()).await;
        assert_eq!(bench.refused().await, Refusal::UpstreamUnreachable);
        tell.send(vec![new.address()]).unwrap();
        until(|| server.endpoints()[0].address() == new.address()).await;
        // The first connection may be the probe's, which says nothing.
        let answering = async {
            loop {
                let mut talk = new.accept().await;
                if talk.asks().await {
                    talk.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
                    return talk;
                }
            }
        };
        assert_eq!(join!(bench.get_all(), answering).0.unwrap(), "hi");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_no_longer_used_is_left_alone() {
        let server = Arc::new(Server::new("app", 80, 1));
        let (tell, tending) = prompted();
        tending.set(&of(&[&server, &server]));
        tokio::task::yield_now().await;
        tending.set(&[]);
        until(|| Arc::strong_count(&server) == 1).await;
        assert!(
            tell.send(Vec::new()).is_ok(),
            "the resolver is still there for others"
        );
    }
}
