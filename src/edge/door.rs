//! One listening address while it is open: its sockets, one per worker, and what all its connections share.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::ArcSwap;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

use crate::gateway::listener::Listener;

/// Connections the kernel holds until a worker takes them.
const BACKLOG: i32 = 4096;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("the listener `{name}` cannot listen on {address}: {remedy}")]
pub struct BindError {
    name: String,
    address: SocketAddr,
    remedy: String,
    source: io::Error,
}

/// An open door.
pub struct Door {
    /// Its settings; a reload may change them while it stays open.
    pub listener: ArcSwap<Listener>,
    /// Where it really listens.
    pub bound: SocketAddr,
    /// Connections open through it, on all workers.
    pub open: AtomicUsize,
    /// Connections open through it and the doors that share their number with it.
    pub open_in_all: Arc<AtomicUsize>,
    closing: watch::Sender<bool>,
}

impl Door {
    /// Opens an address with one socket for each worker. The kernel spreads connections over them, so
    /// workers share no accept queue; what it leaves uneven is the crew's. `in_all` counts the connections of all doors
    /// that are opened with it.
    pub fn open(
        listener: &Listener,
        workers: usize,
        in_all: &Arc<AtomicUsize>,
    ) -> Result<(Arc<Self>, Vec<TcpListener>), BindError> {
        let fail = |source: io::Error| BindError {
            name: listener.name.clone(),
            address: listener.address,
            remedy: remedy(&source, listener.address),
            source,
        };
        let sockets = sockets(listener.address, workers).map_err(fail)?;
        let bound = sockets
            .first()
            .map_or(Ok(listener.address), TcpListener::local_addr)
            .map_err(fail)?;
        let door = Self {
            listener: ArcSwap::from_pointee(listener.clone()),
            bound,
            open: AtomicUsize::new(0),
            open_in_all: Arc::clone(in_all),
            closing: watch::Sender::new(false),
        };
        Ok((Arc::new(door), sockets))
    }

    /// `http:500`: how many connections it may have at once.
    pub fn connections(&self) -> String {
        let listener = self.listener.load();
        format!("{}:{}", listener.name, listener.max_connections)
    }

    /// Takes no further connection and asks those that are open to end after the answer they are at.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the door closes.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }
}

fn sockets(address: SocketAddr, workers: usize) -> io::Result<Vec<TcpListener>> {
    // Sockets that share a port would share it with a stranger's too; alone, the first one finds it taken.
    let alone = socket(address, false)?;
    let address = alone.local_addr()?.as_socket().unwrap_or(address);
    drop(alone);
    (0..workers)
        .map(|_| socket(address, true))
        .map(|socket| Ok(TcpListener::from(socket?)))
        .collect()
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it a restart would wait for connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    // Handed on to the connections it accepts: answers are written whole, and waiting for more only delays them.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

fn remedy(error: &io::Error, address: SocketAddr) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "the port is in use; stop what listens there (`ss -ltnp 'sport = :{}'` names it) or pick another",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "port {} needs the capability CAP_NET_BIND_SERVICE; grant it or pick a port from 1024 up",
                address.port()
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has the address; use \"0.0.0.0\" or \"[::]\" for all".to_owned()
        }
        _ => error.to_string(),
    }
}
