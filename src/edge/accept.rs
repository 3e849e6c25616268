//! Takes connections off a worker's socket, sheds those beyond the caps, and starts the rest.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::Service;

use crate::carryover::Carryover;
use crate::edge::announced::announced;
use crate::edge::connection::{self, Client};
use crate::edge::crew::{Crew, Guest, Newcomer, Turn};
use crate::edge::door::Door;
use crate::edge::entry;
use crate::edge::overflow::Overflow;
use crate::edge::places;
use crate::edge::socket::Socket;
use crate::edge::tls;
use crate::edge::visitors::{Begun, Visitors};
use crate::edge::wire::Wire;
use crate::gateway::listener::Listener;
use crate::http::connection::{Connection, Facts};
use crate::http::exchange::{Permit, Response};
use crate::http::memory::Stage;
use crate::http::proxy_protocol::Announced;
use crate::http::refusal::Refusal;
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

/// One worker's part in accepting.
#[derive(Clone)]
pub struct Acceptor<S> {
    /// The number of the worker.
    pub worker: usize,
    /// What the worker brings to each request.
    pub lane: Arc<Lane>,
    /// The other workers.
    pub crew: Arc<Crew>,
    /// The counts of connections of each client.
    pub carryover: Arc<Carryover>,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
    /// Who gives way when there are too many; none where the newest is turned away.
    pub visitors: Option<Arc<Visitors>>,
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
        let (mut overflow, mut turn) = (Overflow::new(), Turn::of(self.worker));
        loop {
            let accepted = tokio::select! {
                biased;
                () = entry::closed(&mut closing) => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) if self.is_out_of_memory() => {
                    self.metrics.connections_refused.count("max_memory");
                    overflow.turn_away(stream, &Refusal::Exhausted, door.listener.load().tls.is_some());
                }
                Ok((stream, peer)) => {
                    if let Err((stream, secure)) = self.admit(stream, peer, &door, &mut turn, &alive) {
                        overflow.turn_away(stream, &Refusal::TooManyConnections, secure);
                    }
                }
                // One that ended before it was accepted is its own affair.
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    let secure = door.listener.load().tls.is_some();
                    if overflow.relieve(&error, &socket, secure).await {
                        self.metrics.connections_refused.count("out_of_files");
                    }
                }
            }
        }
    }

    /// Whether nobody more can come in. The operator always can.
    fn is_out_of_memory(&self) -> bool {
        self.visitors.is_none() && self.carryover.memory.stage() == Stage::Full
    }

    /// Starts a connection that another worker accepted.
    pub fn take_in(&self, newcomer: Newcomer, alive: &tokio::sync::mpsc::Sender<()>) {
        match TcpStream::from_std(newcomer.socket) {
            Ok(socket) => self.start(socket, newcomer.guest, newcomer.place, alive),
            Err(error) => tracing::error!(error = %error, "a worker cannot use a connection"),
        }
    }

    /// Lets a connection in; one beyond the caps comes back, with whether it would have spoken TLS.
    fn admit(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
        door: &Arc<Door>,
        turn: &mut Turn,
        alive: &tokio::sync::mpsc::Sender<()>,
    ) -> Result<(), (TcpStream, bool)> {
        let listener = door.listener.load_full();
        let permits = match places::take(
            peer,
            (door, &listener),
            &self.lane.holder.snapshot(),
            &self.carryover,
        ) {
            Ok(permits) => permits,
            Err(reason) => {
                self.metrics.connections_refused.count(reason);
                return Err((socket, listener.tls.is_some()));
            }
        };
        let guest = Guest {
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            listener,
            closing: door.closing(),
            permits,
        };
        self.place(socket, guest, turn, alive);
        Ok(())
    }

    /// Starts a connection on this worker, or hands it to one with fewer.
    fn place(&self, socket: TcpStream, guest: Guest, turn: &mut Turn, alive: &tokio::sync::mpsc::Sender<()>) {
        let Some(other) = self.crew.relief(turn) else {
            return self.start(socket, guest, self.crew.place_at(self.worker), alive);
        };
        let socket = match socket.into_std() {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(error = %error, "a worker cannot hand a connection on"),
        };
        if let Err(back) = other.send(socket, guest) {
            // It is ending, or has not come to it for long.
            let place = self.crew.place_at(self.worker);
            self.take_in(Newcomer { place, ..back }, alive);
        }
    }

    /// Starts a connection on this worker.
    fn start(
        &self,
        socket: TcpStream,
        guest: Guest,
        place: Option<Permit>,
        alive: &tokio::sync::mpsc::Sender<()>,
    ) {
        let (acceptor, alive) = (self.clone(), alive.clone());
        let begun = self.visitors.as_ref().map(|_| Begun::default());
        let seen = begun.clone();
        let counted = self.metrics.connections.hold();
        // Boxed, as the runtime moves what it is given six times on its way in and out.
        let task = tokio::spawn(Box::pin(async move {
            let Guest {
                peer,
                listener,
                closing,
                permits,
            } = guest;
            acceptor.serve(socket, peer, &listener, (closing, begun)).await;
            drop((permits, place, counted, alive));
        }));
        if let (Some(visitors), Some(begun)) = (&self.visitors, seen) {
            visitors.admit(begun, task.abort_handle());
        }
    }

    /// Shakes hands where the listener speaks TLS, then serves the connection to its end.
    async fn serve(
        self,
        mut socket: TcpStream,
        peer: SocketAddr,
        listener: &Listener,
        (mut closing, begun): (watch::Receiver<bool>, Option<Begun>),
    ) {
        let metrics = Arc::clone(&self.metrics);
        let (mut peer, mut local, mut _own) = (peer, None, None);
        if listener.notes_local {
            local = socket.local_addr().ok();
        }
        if listener.proxy_protocol {
            // In a box, which is gone again when the connection serves requests.
            match Box::pin(self.clone().caller(&mut socket, peer, listener)).await {
                Ok(None) => {}
                Ok(Some((client, server, own))) => (peer, local, _own) = (client, Some(server), own),
                Err(reason) => return metrics.connections_refused.count(reason),
            }
        }
        let Some(socket) = shaken(socket, listener, &mut closing, &metrics).await else {
            return;
        };
        let facts = Facts {
            local,
            worker: self.worker,
            sni: socket.asked_for().map(Box::from),
            names: shown(listener, &socket),
            ..listener.facts(peer, closing.clone())
        };
        let connection = Connection::new(facts, self.carryover.memory.open(self.worker), Instant::now());
        if let Some(begun) = begun {
            // Each connection begins once.
            let _first = begun.set(Arc::clone(&connection.phase)).is_ok();
        }
        let client = Client {
            connection: Arc::new(connection),
            lane: self.lane,
            closing,
            metrics,
        };
        connection::serve(socket, listener, client, self.stack).await;
    }

    /// Who is at the other end and what it called, by the word of a trusted proxy; and that client's own place, where
    /// the proxy needed none. Nothing where the connection is the proxy's own.
    async fn caller(
        self,
        socket: &mut TcpStream,
        peer: SocketAddr,
        listener: &Listener,
    ) -> Result<Option<(SocketAddr, SocketAddr, Option<Permit>)>, &'static str> {
        let gateway = self.lane.holder.snapshot();
        match announced(socket, peer, &gateway.trust, listener.request_head).await? {
            Announced::Nobody => Ok(None),
            Announced::Client(client, server) => {
                let own = places::own(client, listener, &gateway, &self.carryover)?;
                Ok(Some((client, server, own)))
            }
        }
    }
}

/// The connection as its requests come on it; none where the client and we did not come to terms.
async fn shaken(
    socket: TcpStream,
    listener: &Listener,
    closing: &mut watch::Receiver<bool>,
    metrics: &Metrics,
) -> Option<Socket> {
    let Some(terms) = &listener.tls else {
        return Some(Socket::Plain(Wire::new(socket)));
    };
    let terms = terms.at(|| socket.local_addr().ok());
    // In a box, which is gone again when the connection serves requests.
    let shaking = Box::pin(tls::shake(
        socket,
        Arc::clone(terms),
        listener.tls_handshake,
        metrics,
    ));
    let stream = tokio::select! {
        biased;
        shaken = shaking => shaken,
        () = entry::closed(closing) => None,
    };
    stream.map(Socket::Tls)
}

/// What the certificate is for that the client was shown.
fn shown(listener: &Listener, socket: &Socket) -> Arc<[String]> {
    match (&listener.certificates, socket.asked_for()) {
        (Some(certificates), Some(name)) => certificates.names(Some(name)),
        _ => Arc::default(),
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
