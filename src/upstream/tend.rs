//! Looks after the servers in use, on the control runtime: names are looked up, addresses probed. After a
//! reload it is handed the new list; what stays is not disturbed, what is gone is left alone.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::upstream::probe::keep_probed;
use crate::upstream::resolve::{Resolve, System, keep_resolved};
use crate::upstream::server::Server;

/// The care for a changing list of servers. It ends when dropped.
pub struct Tending {
    runtime: Handle,
    resolver: Arc<dyn Resolve>,
    tended: Mutex<Vec<Tended>>,
}

struct Tended {
    server: Arc<Server>,
    task: AbortHandle,
}

impl Tending {
    /// Nothing to look after yet. To be called on the runtime that shall do the work.
    pub fn new() -> Self {
        Self::with_resolver(Arc::new(System))
    }

    /// The same, with another source of addresses.
    pub fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self { runtime: Handle::current(), resolver, tended: Mutex::default() }
    }

    /// Looks after these servers from now on and no others. A new one is looked up and probed at once.
    pub fn set(&self, servers: &[Arc<Server>]) {
        let mut tended = self.tended.lock().unwrap_or_else(PoisonError::into_inner);
        tended.retain(|old| servers.iter().any(|server| Arc::ptr_eq(server, &old.server)));
        for server in servers {
            if !tended.iter().any(|old| Arc::ptr_eq(server, &old.server)) {
                tended.push(self.tend(Arc::clone(server)));
            }
        }
    }

    fn tend(&self, server: Arc<Server>) -> Tended {
        let (resolver, theirs) = (Arc::clone(&self.resolver), Arc::clone(&server));
        let task = self.runtime.spawn(async move {
            // Side by side: a name server that hangs must not keep the probes waiting.
            tokio::join!(keep_resolved(&theirs, &*resolver), keep_probed(&theirs));
        });
        Tended { server, task: task.abort_handle() }
    }
}

impl Default for Tending {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Tended {
    fn drop(&mut self) {
        self.task.abort();
    }
}
