//! What becomes of a client's connection when HTTP is through with it: nothing, or a tunnel that an answer
//! has left for it. It does not tunnel itself; it gives the socket away.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::http::connection::Connection;
use crate::http::handover::Estate;

/// Keeps watch over a connection's handover: whatever was left there is gone with the connection.
pub(super) struct After(Arc<Connection>);

impl After {
    /// For one connection, while it is served.
    pub(super) fn of(connection: &Arc<Connection>) -> Self {
        Self(Arc::clone(connection))
    }

    /// Goes on after HTTP has ended in order. `parts` takes the socket back, with what was read ahead.
    pub(super) async fn go_on<I>(
        self,
        parts: impl FnOnce() -> (I, bytes::Bytes),
        closing: watch::Receiver<bool>,
    ) where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // What a client does not take is lost with the buffer it lies in: then there is no answer to go on from.
        let Some(successor) = self.0.handover.take().filter(|_| !self.0.phase.is_blocked()) else {
            return;
        };
        let (socket, early) = parts();
        let socket = Box::new(socket);
        successor
            .succeed(Estate {
                socket,
                early,
                closing,
            })
            .await;
    }
}

impl Drop for After {
    fn drop(&mut self) {
        // A successor holds the connection and is held by it: nobody else would let go.
        drop(self.0.handover.take());
    }
}
