//! A new connection to one address, under its deadline.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::upstream::Sight;
use crate::upstream::http1::Conn;
use crate::upstream::transport::Transport;

/// Connects by the moment given, for the client whom the bytes beside the address announce, if any; past it the error
/// is of the kind `TimedOut`.
pub(super) async fn connect(
    transport: &Transport,
    (address, client): (SocketAddr, &[u8]),
    by: Instant,
    sight: &Arc<dyn Sight>,
) -> io::Result<Box<Conn>> {
    let socket = transport.open(address, client, by).await?;
    Ok(Box::new(Conn::new(socket, Arc::clone(sight))))
}
