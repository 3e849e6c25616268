//! A client's socket, in the clear or under TLS: what the handshake has agreed on, and how it ends.

use tokio_rustls::server::TlsStream;

use crate::edge::wire::Wire;
use crate::tls::stream::Stream;

/// A client's socket.
pub type Socket = Stream<Wire, TlsStream<Wire>>;

impl Socket {
    /// The protocol agreed on in the handshake (ALPN), if there was one.
    pub fn agreed(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    /// Whether it is under TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Ends it with a reset: what the kernel still holds for a client that fetches nothing would be kept for
    /// minutes otherwise.
    pub fn reset(self) {
        let socket = match &self {
            Self::Plain(socket) => socket.stream(),
            Self::Tls(stream) => stream.get_ref().0.stream(),
        };
        let _gone = socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Whether it took bytes out of the buffer of TLS since it was asked last. In the clear there is none.
    pub fn took(&mut self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_mut().0.took(),
        }
    }

    /// The name the client asked for in the handshake (SNI).
    pub fn asked_for(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.server_name(),
        }
    }
}
