//! The server's side of a tunnel: the bare socket of a connection whose server has switched protocols. It is
//! never kept for another request.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper_util::rt::TokioIo;

use crate::upstream::lease::Lease;
use crate::upstream::pool::Lane;
use crate::upstream::socket::Socket;
use crate::upstream::wire::Wired;

/// A socket that no longer speaks HTTP.
pub struct Link {
    /// The socket.
    pub socket: Socket,
    /// What the server sent right after its 101.
    pub early: Bytes,
    /// Counts it among what is under way at the endpoint.
    pub hold: Hold,
}

/// Whoever has it is seen as talking to the endpoint.
pub struct Hold {
    _lane: Arc<Lane>,
}

impl Lease {
    /// The bare socket after a 101.
    pub async fn into_link(self) -> io::Result<Link> {
        let switched = self
            .switched
            .ok_or_else(|| io::Error::other("the server has not switched protocols"))?;
        let bare = switched.await.map_err(io::Error::other)?;
        let parts = bare
            .downcast::<TokioIo<Wired>>()
            .map_err(|_| io::Error::other("the connection is not of our making"))?;
        Ok(Link {
            socket: parts.io.into_inner().into_stream(),
            early: parts.read_buf,
            hold: Hold { _lane: self.lane },
        })
    }
}
