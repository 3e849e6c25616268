//! WebSockets spoken by a real implementation at both ends: a server in threads of this process, and a client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ClientConnection, StreamOwned};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::HandshakeError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::secure::trusting;
use super::{DEADLINE, until};

/// How a peer saw a WebSocket end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a close frame with this code.
    Closed(CloseCode),
    /// By a close frame without one.
    ClosedWithoutCode,
    /// The connection broke without a close frame.
    Cut,
}

type Talk = dyn Fn(&mut Peer) + Send + Sync;

/// A socket, in the clear or under TLS.
trait Duplex: Read + Write + Send {}

impl<S: Read + Write + Send> Duplex for S {}

type Socket = WebSocket<Box<dyn Duplex>>;

/// One end of an open WebSocket.
pub struct Peer {
    socket: Socket,
    stream: TcpStream,
}

/// A WebSocket server; it ends with the test.
pub struct Chat {
    address: SocketAddr,
    ended: Arc<Mutex<Vec<Ended>>>,
}

impl Chat {
    /// Sends back what it gets.
    pub fn echo() -> Self {
        Self::talking(|_| {})
    }

    /// Does this first and then sends back what it gets.
    pub fn talking(talk: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let ended = Arc::<Mutex<Vec<_>>>::default();
        let (talk, list) = (Arc::new(talk), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (talk, list) = (Arc::clone(&talk), Arc::clone(&list));
                thread::spawn(move || serve(stream, &*talk, &list));
            }
        });
        Self { address, ended }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the WebSockets ended that have.
    pub fn ended(&self) -> Vec<Ended> {
        self.ended.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn wait_for_ends(&self, count: usize) -> Vec<Ended> {
        until(&format!("{count} ended WebSockets"), || {
            self.ended().len() >= count
        });
        self.ended()
    }
}

fn serve(stream: TcpStream, talk: &Talk, ended: &Mutex<Vec<Ended>>) {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // Probes connect and say nothing.
    let Ok(socket) = tungstenite::accept(Box::new(stream.try_clone().unwrap()) as Box<dyn Duplex>) else {
        return;
    };
    let mut peer = Peer { socket, stream };
    talk(&mut peer);
    let end = peer.echo();
    ended.lock().unwrap().push(end);
}

impl Peer {
    /// Opens a WebSocket through the gateway.
    #[track_caller]
    pub fn open(gateway: SocketAddr, target: &str) -> Self {
        Self::try_open(gateway, target).unwrap_or_else(|status| panic!("refused with {status}"))
    }

    /// As [`open`](Self::open); the status of the answer if there is none.
    pub fn try_open(gateway: SocketAddr, target: &str) -> Result<Self, u16> {
        let stream = TcpStream::connect(gateway).unwrap();
        let bare = Box::new(stream.try_clone().unwrap());
        Self::shake(stream, bare, target)
    }

    /// Opens a WebSocket through the gateway's TLS, for the name `gateway.test`.
    #[track_caller]
    pub fn open_secure(gateway: SocketAddr, target: &str) -> Self {
        let stream = TcpStream::connect(gateway).unwrap();
        let terms = trusting(&[b"http/1.1"], &rustls::version::TLS13);
        let client = ClientConnection::new(terms, "gateway.test".try_into().unwrap()).unwrap();
        let secure = StreamOwned::new(client, stream.try_clone().unwrap());
        Self::shake(stream, Box::new(secure), target).unwrap_or_else(|status| panic!("refused with {status}"))
    }

    fn shake(stream: TcpStream, socket: Box<dyn Duplex>, target: &str) -> Result<Self, u16> {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = format!("ws://gateway.test{target}")
            .into_client_request()
            .unwrap();
        match tungstenite::client(request, socket) {
            Ok((socket, _)) => Ok(Self { socket, stream }),
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(fault) => panic!("no handshake: {fault}"),
        }
    }

    #[track_caller]
    pub fn say(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).unwrap();
    }

    pub fn try_say(&mut self, message: impl Into<Message>) -> bool {
        self.socket.send(message.into()).is_ok()
    }

    #[track_caller]
    pub fn hear(&mut self) -> Message {
        self.socket.read().unwrap()
    }

    /// Says this and hears it again.
    #[track_caller]
    pub fn chat(&mut self, text: &str) {
        self.say(text);
        assert_eq!(self.hear(), Message::text(text));
    }

    /// Ends it the orderly way.
    pub fn close(mut self) -> Ended {
        self.socket.close(None).unwrap();
        self.end()
    }

    /// Reads until it ends.
    pub fn end(mut self) -> Ended {
        self.listen(|_, _| {})
    }

    /// The bare socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn echo(&mut self) -> Ended {
        self.listen(|socket, message| {
            if message.is_text() || message.is_binary() {
                let _may_be_gone = socket.send(message);
            }
        })
    }

    fn listen(&mut self, hear: impl Fn(&mut Socket, Message)) -> Ended {
        let mut ended = None;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => {
                    ended = Some(frame.map_or(Ended::ClosedWithoutCode, |frame| Ended::Closed(frame.code)));
                }
                Ok(message) => hear(&mut self.socket, message),
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("waited {DEADLINE:?} for a message");
                }
                Err(_) => return ended.unwrap_or(Ended::Cut),
            }
        }
    }
}
