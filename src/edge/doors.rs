//! All doors that are open, by what makes a listener the same over a reload: its address.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::edge::door::{BindError, Door};
use crate::gateway::listener::Listener;

/// A door just opened, and its sockets, one per worker.
pub type Opened = (Arc<Door>, Vec<TcpListener>);

/// The doors that are open.
pub struct Doors {
    open: Vec<Arc<Door>>,
    /// Connections open through all of them.
    connections: Arc<AtomicUsize>,
}

impl Doors {
    /// None yet; `connections` counts what comes in by any of them.
    pub fn new(connections: Arc<AtomicUsize>) -> Self {
        Self {
            open: Vec::new(),
            connections,
        }
    }

    /// Opens a door for each listener that has none; all of them or, on an error, none. Doors that stay
    /// take over the new settings.
    pub fn open_new(&mut self, listeners: &[Listener], workers: usize) -> Result<Vec<Opened>, BindError> {
        // What waits for its certificates must not be open, least of all without TLS.
        let listeners = listeners.iter().filter(|listener| listener.awaits.is_none());
        let missing = listeners.clone().filter(|listener| self.find(listener).is_none());
        let opened = missing
            .map(|listener| Door::open(listener, workers, &self.connections))
            .collect::<Result<Vec<_>, _>>()?;
        for listener in listeners {
            if let Some(door) = self.find(listener) {
                door.listener.store(Arc::new(listener.clone()));
            }
        }
        self.open.extend(opened.iter().map(|(door, _)| Arc::clone(door)));
        Ok(opened)
    }

    /// Closes the doors that no listener asks for any more.
    pub fn close_gone(&mut self, listeners: &[Listener]) {
        self.open.retain(|door| {
            let stays = listeners
                .iter()
                .any(|listener| is_same(&door.listener.load(), listener));
            if !stays {
                door.close();
            }
            stays
        });
    }

    /// Closes all.
    pub fn close_all(&self) {
        self.open.iter().for_each(|door| door.close());
    }

    /// `http=127.0.0.1:8080 …`, in the order of names.
    pub fn describe(&self) -> String {
        let mut each: Vec<String> = self
            .open
            .iter()
            .map(|door| format!("{}={}", door.listener.load().name, door.bound))
            .collect();
        each.sort();
        each.join(" ")
    }

    /// `http:500 …`: how many connections each may have at once, in the order of names.
    pub fn connections(&self) -> Vec<String> {
        let mut each: Vec<String> = self.open.iter().map(|door| door.connections()).collect();
        each.sort();
        each
    }

    /// Where a listener really listens.
    pub fn bound(&self) -> impl Iterator<Item = std::net::SocketAddr> {
        self.open.iter().map(|door| door.bound)
    }

    fn find(&self, listener: &Listener) -> Option<&Arc<Door>> {
        self.open
            .iter()
            .find(|door| is_same(&door.listener.load(), listener))
    }
}

/// Two listeners on port 0 are told apart by name: the system chose each its port.
fn is_same(one: &Listener, other: &Listener) -> bool {
    one.address == other.address && (one.address.port() != 0 || one.name == other.name)
}
