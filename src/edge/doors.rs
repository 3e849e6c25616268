//! All doors that are open, by what makes a listener the same over a reload: its address.

use std::net::TcpListener;
use std::sync::Arc;

use crate::edge::door::{BindError, Door};
use crate::gateway::listener::Listener;

/// A door just opened, and its sockets, one per worker.
pub type Opened = (Arc<Door>, Vec<TcpListener>);

/// The doors that are open.
#[derive(Default)]
pub struct Doors(Vec<Arc<Door>>);

impl Doors {
    /// Opens a door for each listener that has none; all of them or, on an error, none. Doors that stay
    /// take over the new settings.
    pub fn open_new(&mut self, listeners: &[Listener], workers: usize) -> Result<Vec<Opened>, BindError> {
        let missing = listeners.iter().filter(|listener| self.find(listener).is_none());
        let opened = missing
            .map(|listener| Door::open(listener, workers))
            .collect::<Result<Vec<_>, _>>()?;
        for listener in listeners {
            if let Some(door) = self.find(listener) {
                door.listener.store(Arc::new(listener.clone()));
            }
        }
        self.0.extend(opened.iter().map(|(door, _)| Arc::clone(door)));
        Ok(opened)
    }

    /// Closes the doors that no listener asks for any more.
    pub fn close_gone(&mut self, listeners: &[Listener]) {
        self.0.retain(|door| {
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
        self.0.iter().for_each(|door| door.close());
    }

    /// `http=127.0.0.1:8080 …`, in the order of names.
    pub fn describe(&self) -> String {
        let mut each: Vec<String> = self
            .0
            .iter()
            .map(|door| format!("{}={}", door.listener.load().name, door.bound))
            .collect();
        each.sort();
        each.join(" ")
    }

    /// Where a listener really listens.
    pub fn bound(&self) -> impl Iterator<Item = std::net::SocketAddr> {
        self.0.iter().map(|door| door.bound)
    }

    fn find(&self, listener: &Listener) -> Option<&Arc<Door>> {
        self.0
            .iter()
            .find(|door| is_same(&door.listener.load(), listener))
    }
}

/// Two listeners on port 0 are told apart by name: the system chose each its port.
fn is_same(one: &Listener, other: &Listener) -> bool {
    one.address == other.address && (one.address.port() != 0 || one.name == other.name)
}
