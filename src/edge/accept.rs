//! Takes connections off a worker's socket, sheds those beyond the caps, and starts the rest.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::Service;

use crate::carryover::Carryover;
use crate::edge::announced::announced;
use crate::edge::connection::{self, Client};
use crate::edge::door::Door;
use crate::edge::entry;
use crate::edge::socket::Socket;
use crate::edge::tls;
use crate::gateway::listener::Listener;
use crate::http::exchange::{Connection, Permit, Release, Response};
use crate::http::handover::Handover;
use crate::http::phase::Phase;
use crate::http::proxy_protocol::Announced;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

/// How long to hold off when the process has no file left for a connection: trying at once would spin.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// One worker's part in accepting.
#[derive(Clone)]
pub struct Acceptor<S> {
    /// The number of the worker.
    pub worker: usize,
    /// What the worker brings to each request.
    pub lane: Arc<Lane>,
    /// The counts of connections.
    pub carryover: Arc<Carryover>,
    /// What answers.
    pub stack: S,
}

impl<S> Acceptor<S>
where
    S: Service<Arrival, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    /// Accepts until the door closes. `alive` is held by every connection, so that its end can be waited for.
    pub async fn run(self, socket: TcpListener, door: Arc<Door>, alive: tokio::sync::mpsc::Sender<()>) {
        let mut closing = door.closing();
        loop {
            let accepted = tokio::select! {
                biased;
                () = entry::closed(&mut closing) => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.admit(socket, peer, &door, &alive),
                Err(error) => self.pause(&error).await,
            }
        }
    }

    fn admit(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
        door: &Arc<Door>,
        alive: &tokio::sync::mpsc::Sender<()>,
    ) {
        let listener = door.listener.load_full();
        let permits = match self.permits(peer, door, &listener) {
            Ok(permits) => permits,
            Err(reason) => return self.carryover.metrics.connections_refused.count(reason),
        };
        let Ok(local) = socket.local_addr() else { return };
        // Answers are written whole; waiting for more to send only delays them.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let (acceptor, closing, alive) = (self.clone(), door.closing(), alive.clone());
        let counted = self.carryover.metrics.connections.hold();
        tokio::spawn(async move {
            acceptor.serve(socket, (peer, local), &listener, closing).await;
            drop((permits, counted, alive));
        });
    }

    /// Shakes hands where the listener speaks TLS, then serves the connection to its end.
    async fn serve(
        self,
        mut socket: TcpStream,
        (mut peer, mut local): (SocketAddr, SocketAddr),
        listener: &Listener,
        mut closing: watch::Receiver<bool>,
    ) {
        let metrics = Arc::clone(&self.carryover.metrics);
        let mut own = None;
        if listener.proxy_protocol {
            let gateway = self.lane.holder.snapshot();
            match announced(&mut socket, peer, &gateway.trust, listener.request_head).await {
                Ok(Announced::Nobody) => {}
                Ok(Announced::Client(client, server)) => {
                    (peer, local) = (client, server);
                    // The client's own place; the proxy needed none.
                    match self.own_permit(client, listener) {
                        Ok(permit) => own = permit,
                        Err(reason) => return metrics.connections_refused.count(reason),
                    }
                }
                Err(reason) => return metrics.connections_refused.count(reason),
            }
        }
        let socket = match &listener.tls {
            None => Socket::Plain(socket),
            Some(terms) => {
                // In a box, which is gone again when the connection serves requests.
                let shaking = Box::pin(tls::shake(
                    socket,
                    Arc::clone(terms),
                    listener.tls_handshake,
                    &metrics,
                ));
                let shaken = tokio::select! {
                    biased;
                    shaken = shaking => shaken,
                    () = entry::closed(&mut closing) => None,
                };
                let Some(stream) = shaken else { return };
                Socket::Tls(stream)
            }
        };
        let connection = Connection {
            peer,
            local,
            worker: self.worker,
            secure: listener.tls.is_some(),
            sni: socket.asked_for().map(Box::from),
            entrance: listener.entrance,
            redirect_to_https: listener.redirect_to_https,
            max_target: listener.max_target,
            max_headers: listener.max_headers,
            phase: Arc::new(Phase::new(Instant::now())),
            handover: Handover::default(),
        };
        let client = Client {
            connection: Arc::new(connection),
            lane: self.lane,
            closing,
            metrics,
        };
        connection::serve(socket, listener, client, self.stack).await;
        drop(own);
    }

    /// A place among all connections of the door, and one among the client's own.
    fn permits(
        &self,
        peer: SocketAddr,
        door: &Arc<Door>,
        listener: &Listener,
    ) -> Result<[Option<Permit>; 2], &'static str> {
        let taken = door.open.fetch_add(1, Relaxed);
        let in_all = Permit::new(Arc::clone(door) as Arc<dyn Release>);
        if taken >= listener.max_connections {
            return Err("max_connections");
        }
        Ok([Some(in_all), self.own_permit(peer, listener)?])
    }

    /// A place among the connections of one client; trusted proxies need none.
    fn own_permit(&self, peer: SocketAddr, listener: &Listener) -> Result<Option<Permit>, &'static str> {
        let gateway = self.lane.holder.snapshot();
        let Some(most) = listener
            .max_connections_per_client
            .filter(|_| !gateway.trust.contains(peer.ip()))
        else {
            return Ok(None);
        };
        let own = self.carryover.connections.take(
            peer.ip().to_canonical(),
            gateway.ipv6_prefix,
            most,
            Instant::now(),
        );
        own.map(Some).ok_or("max_connections_per_client")
    }

    /// A connection that failed before it was accepted is its own affair; lack of files is everybody's.
    async fn pause(&self, error: &io::Error) {
        let passing = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
        );
        if !passing {
            self.carryover.metrics.connections_refused.count("out_of_files");
            tracing::warn!(error = %error, "no connection can be accepted; raise the limit of open files");
            tokio::time::sleep(OUT_OF_FILES).await;
        }
    }
}

impl Release for Door {
    fn release(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}
