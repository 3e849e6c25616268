//! A new connection to one address, under its deadline.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::upstream::Sight;
use crate::upstream::http1::Conn;
use crate::upstream::transport::Transport;

/// Connects by the moment given; past it the error is of the kind `TimedOut`.
pub(super) async fn connect(
    transport: &Transport,
    address: SocketAddr,
    by: Instant,
    sight: &Arc<dyn Sight>,
) -> io::Result<Box<Conn>> {
    let socket = transport.open(address, by).await?;
    Ok(Box::new(Conn::new(socket, Arc::clone(sight))))
}
