//! Peers that stand still: what each says before it does, in the clear or under TLS, and where it goes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use crate::support::secure::trusting;
use crate::support::{Gateway, Proto};

/// How long a peer tries to send what nobody takes.
const PATIENCE: Duration = Duration::from_millis(200);
/// More than this is not read to find out whether a connection has ended.
const ENOUGH: usize = 1 << 16;

/// A state of a connection, and how a client brings it about.
pub struct State {
    pub name: &'static str,
    way: Way,
    says: Vec<u8>,
    half_closes: bool,
    may_end: bool,
}

#[derive(Clone, Copy)]
enum Way {
    Proto(Proto),
    Listener(&'static str),
}

/// A client that stands still.
pub struct Peer {
    stream: TcpStream,
    secure: Option<StreamOwned<ClientConnection, TcpStream>>,
    may_end: bool,
}

impl State {
    /// By saying this.
    pub fn new(proto: Proto, name: &'static str, says: impl AsRef<[u8]>) -> Self {
        Self {
            name,
            way: Way::Proto(proto),
            says: says.as_ref().to_vec(),
            half_closes: false,
            may_end: false,
        }
    }

    /// By saying this in the clear to one listener.
    pub fn at(listener: &'static str, name: &'static str, says: impl AsRef<[u8]>) -> Self {
        Self {
            way: Way::Listener(listener),
            ..Self::new(Proto::Http1, name, says)
        }
    }

    /// And that nothing will follow.
    pub fn half_closed(self) -> Self {
        Self {
            half_closes: true,
            ..self
        }
    }

    /// Which the gateway ends by itself before long.
    pub fn ending(self) -> Self {
        Self {
            may_end: true,
            ..self
        }
    }

    pub fn enter(&self, gateway: &Gateway) -> Peer {
        let peer = match self.way {
            Way::Proto(proto) => Peer::connect(proto.address(gateway), proto, &self.says),
            Way::Listener(name) => Peer::connect(gateway.address(name), Proto::Http1, &self.says),
        };
        if self.half_closes {
            peer.stream.shutdown(Shutdown::Write).unwrap();
        }
        Peer {
            may_end: self.may_end,
            ..peer
        }
    }
}

impl Peer {
    fn connect(address: SocketAddr, proto: Proto, says: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let secure = proto.is_tls().then(|| {
            let protocol: &[u8] = if proto.is_h2() { b"h2" } else { b"http/1.1" };
            let terms = trusting(&[protocol], &rustls::version::TLS13);
            let client = ClientConnection::new(terms, "gateway.test".try_into().unwrap()).unwrap();
            let mut secure = StreamOwned::new(client, stream.try_clone().unwrap());
            while secure.conn.is_handshaking() {
                secure.conn.complete_io(&mut secure.sock).unwrap();
            }
            secure
        });
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut peer = Self {
            stream: stream.try_clone().unwrap(),
            secure,
            may_end: false,
        };
        let sent = match &mut peer.secure {
            Some(secure) => secure.write_all(says).and_then(|()| secure.flush()),
            None => stream.write_all(says),
        };
        if let Err(error) = sent {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        }
        peer
    }

    /// Whether the gateway holds its end open, or need not.
    pub fn is_as_expected(&mut self) -> bool {
        self.may_end || self.is_connected()
    }

    fn is_connected(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let (mut buffer, mut read) = ([0; 4096], 0);
        while read < ENOUGH {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => read += count,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }
}
