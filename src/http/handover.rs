//! The place where an answer leaves what goes on with the client's connection once HTTP is through with it:
//! after a 101 the connection belongs to a tunnel. It knows nothing of tunnels.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// A client's connection, whatever lies under it.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// What the connection is handed over with.
pub struct Estate {
    /// The connection, its answer written to the last byte.
    pub socket: Box<dyn Socket>,
    /// What the client sent after its request; it was read with it and has gone nowhere yet.
    pub early: Bytes,
    /// Becomes true when the listener closes.
    pub closing: watch::Receiver<bool>,
}

/// What goes on with a connection.
pub trait Successor: Send {
    /// Goes on to the connection's end.
    fn succeed(self: Box<Self>, estate: Estate) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Where the successor waits until the answer is written. Touched only when a connection is handed over or ends.
#[derive(Default)]
pub struct Handover(Mutex<Option<Box<dyn Successor>>>);

impl Handover {
    /// Leaves a successor; one left before is dropped, which ends what it holds.
    pub fn leave(&self, successor: Box<dyn Successor>) {
        let before = self.slot().replace(successor);
        drop(before);
    }

    /// Takes the successor. Whoever serves the connection does so at its end in any case, because a successor
    /// holds the connection's facts, and those hold this.
    pub fn take(&self) -> Option<Box<dyn Successor>> {
        self.slot().take()
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Successor>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handover")
    }
}
