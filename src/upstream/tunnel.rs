//! The server's side of a tunnel: the bare socket of a connection whose server has switched protocols. It is
//! never kept for another request.

use std::sync::Arc;

use bytes::Bytes;

use crate::upstream::http1::Conn;
use crate::upstream::pool::Lane;
use crate::upstream::socket::Socket;

/// A socket that no longer speaks HTTP.
#[derive(Debug)]
pub struct Link {
    /// The socket.
    pub socket: Socket,
    /// What the server sent right after its 101.
    pub early: Bytes,
    /// Counts it among what is under way at the endpoint.
    pub hold: Hold,
}

/// Whoever has it is seen as talking to the endpoint.
pub struct Hold(Arc<Lane>);

impl Link {
    /// The bare socket after a 101.
    pub(super) fn new(conn: Conn, lane: Arc<Lane>) -> Self {
        let (socket, early) = conn.into_switched();
        Self {
            socket,
            early,
            hold: Hold(lane),
        }
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hold").field(&self.0.mark().address()).finish()
    }
}
