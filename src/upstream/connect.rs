//! A new connection to one address, under its deadline, and the task that drives it on this worker.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use crate::http::body::Body;
use crate::upstream::Sight;
use crate::upstream::alarm::Alarm;
use crate::upstream::transport::Transport;
use crate::upstream::wire::{Wire, Wired};

/// The most a head may weigh, and the most that is read ahead or held back for a slow reader.
const BUFFER: usize = 64 * 1024;

/// A connection to a server. Dropping it ends it at once, with whatever was under way: that is how a
/// client that leaves cancels its request.
pub(super) struct Conn {
    pub(super) sender: SendRequest<Body>,
    pub(super) wire: Arc<Wire>,
    pub(super) alarm: Alarm,
    task: AbortHandle,
}

/// Connects by the moment given, for the client whom the bytes beside the address announce, if any; past it the error
/// is of the kind `TimedOut`.
pub(super) async fn connect(
    transport: &Transport,
    (address, client): (SocketAddr, &[u8]),
    by: Instant,
    sight: &Arc<dyn Sight>,
) -> io::Result<Conn> {
    let stream = transport.open(address, client, by).await?;
    let wire = Arc::new(Wire::default());
    let io = TokioIo::new(Wired::new(stream, Arc::clone(&wire), Arc::clone(sight)));
    let (sender, connection) = Builder::new()
        .max_buf_size(BUFFER)
        .handshake(io)
        .await
        .map_err(io::Error::other)?;
    let task = tokio::spawn(async move {
        // The request is told of its failure; between requests there is nobody to tell.
        let _ = connection.with_upgrades().await;
    });
    Ok(Conn {
        sender,
        wire,
        alarm: Alarm::default(),
        task: task.abort_handle(),
    })
}

impl Conn {
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready() && !self.wire.is_broken()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed() || self.wire.is_broken()
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.task.abort();
    }
}
