//! The socket to a server, in plain or under TLS: what is heard on it between two requests.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::tls::stream::Stream;

/// A connected socket; under TLS the server is verified.
pub type Socket = Stream<TcpStream, TlsStream<TcpStream>>;

/// What is heard on a socket while nothing is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing.
    Kept,
    /// Something is said all the same.
    Broken,
    /// The other end has hung up.
    Ended,
}

impl Socket {
    /// Listens without waiting. In plain it costs no call to the system as long as nothing came.
    pub fn silence(&mut self) -> Silence {
        let mut octet = [0];
        let read = match self {
            Self::Plain(socket) => socket.try_read(&mut octet),
            Self::Tls(socket) => {
                let mut cx = Context::from_waker(Waker::noop());
                let mut into = ReadBuf::new(&mut octet);
                match Pin::new(socket).poll_read(&mut cx, &mut into) {
                    Poll::Ready(read) => read.map(|()| into.filled().len()),
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
        };
        match read {
            Ok(0) => Silence::Ended,
            Ok(_) => Silence::Broken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Silence::Kept,
            Err(_) => Silence::Ended,
        }
    }

    /// What is under it.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(socket) => socket.get_ref().0,
        }
    }

    /// The other end.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }
}
