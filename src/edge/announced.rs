//! Whom a connection is for, where a proxy of connections says so before the client's first byte. Only who is
//! trusted may say so; everybody else, and whoever says it wrongly or too late, is let go without a word.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::http::client::Trust;
use crate::http::proxy_protocol::{Announced, Fault, LINE, START, Version, binary, line, rest};

/// How long a proxy may take for its header at most: it sends it at once, and with the first packet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the header, and no byte beyond, within `patience`. Whose connection it is, or the word of
/// `portcullis_connections_refused_total` for why it is nobody's.
pub(super) async fn announced(
    socket: &mut TcpStream,
    peer: SocketAddr,
    trust: &Trust,
    patience: Duration,
) -> Result<Announced, &'static str> {
    if !trust.contains(peer.ip()) {
        return Err("proxy_protocol_untrusted");
    }
    match tokio::time::timeout(patience.min(PATIENCE), read(socket)).await {
        Ok(Ok(announced)) => Ok(announced),
        Ok(Err(error)) => {
            tracing::debug!(peer = %peer, error = %error, "a trusted proxy did not announce its client");
            Err("proxy_protocol_invalid")
        }
        Err(_) => Err("proxy_protocol_timeout"),
    }
}

async fn read(socket: &mut TcpStream) -> io::Result<Announced> {
    let mut start = [0; START];
    socket.read_exact(&mut start).await?;
    match Version::of(&start).map_err(invalid)? {
        Version::One => read_line(socket, &start).await,
        Version::Two => {
            let mut head = [0; 4];
            socket.read_exact(&mut head).await?;
            let mut more = vec![0; rest(head).map_err(invalid)?];
            socket.read_exact(&mut more).await?;
            binary(head, &more).map_err(invalid)
        }
    }
}

/// Byte by byte, since what follows the line belongs to somebody else.
async fn read_line(socket: &mut TcpStream, start: &[u8]) -> io::Result<Announced> {
    let mut text = start.to_vec();
    while text.last() != Some(&b'\n') {
        if text.len() >= LINE {
            return Err(invalid(Fault::TooLong));
        }
        text.push(socket.read_u8().await?);
    }
    line(&text).map_err(invalid)
}

fn invalid(fault: Fault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}
