//! HTTP/2 frame by frame, in the clear or under TLS, for what no well-behaved client would send. It compresses
//! nothing and reads only as much of an answer as a test asks for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::secure::trusting;
use super::{DEADLINE, Gateway, Proto};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const WITH_PRIORITY: u8 = 32;

/// What a request for `/` needs.
pub const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "gateway.test"),
];

trait Socket: Read + Write + Send {}

impl<S: Read + Write + Send> Socket for S {}

/// A connection that speaks in frames.
pub struct Frames {
    socket: Box<dyn Socket>,
    proto: Proto,
    address: SocketAddr,
}

/// A frame that came.
#[derive(Debug, Clone)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frames {
    /// Connects and greets, with prior knowledge.
    pub fn open(address: SocketAddr) -> Self {
        Self::connect(Proto::H2c, address).greet()
    }

    /// Connects and greets.
    pub fn over(proto: Proto, gateway: &Gateway) -> Self {
        Self::connect(proto, proto.address(gateway)).greet()
    }

    /// Another connection to the same place, on which nothing is said yet.
    pub fn stranger(&self) -> Self {
        Self::connect(self.proto, self.address)
    }

    /// Greets over a connection on which something has been said before, under TLS if it is to be `secure`.
    pub fn through(socket: TcpStream, secure: bool) -> Self {
        let proto = if secure { Proto::H2Tls } else { Proto::H2c };
        let address = socket.peer_addr().unwrap();
        Self::wrap(proto, address, socket).greet()
    }

    fn connect(proto: Proto, address: SocketAddr) -> Self {
        Self::wrap(proto, address, TcpStream::connect(address).unwrap())
    }

    fn wrap(proto: Proto, address: SocketAddr, socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        socket.set_nodelay(true).unwrap();
        let socket: Box<dyn Socket> = if proto.is_tls() {
            let terms = trusting(&[b"h2"], &rustls::version::TLS13);
            let name = ServerName::try_from("gateway.test").unwrap();
            Box::new(StreamOwned::new(
                ClientConnection::new(terms, name).unwrap(),
                socket,
            ))
        } else {
            Box::new(socket)
        };
        Self {
            socket,
            proto,
            address,
        }
    }

    fn greet(mut self) -> Self {
        self.raw(PREFACE);
        self.send(SETTINGS, 0, 0, &[]);
        self
    }

    /// Any bytes; `false` once the gateway has gone.
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        self.socket
            .write_all(bytes)
            .and_then(|()| self.socket.flush())
            .is_ok()
    }

    /// `false` once the gateway has gone.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.raw(&frame(kind, flags, stream, payload))
    }

    /// A whole request head in one frame.
    pub fn request(&mut self, stream: u32, fields: &[(&str, &str)], flags: u8) -> bool {
        self.send(HEADERS, END_HEADERS | flags, stream, &block(fields))
    }

    /// The next frame; none once the gateway has closed.
    pub fn next(&mut self) -> Option<Frame> {
        let head = self.exactly(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload: self.exactly(length as usize)?,
        })
    }

    /// The next frame of this kind.
    #[track_caller]
    pub fn next_of(&mut self, kind: u8) -> Frame {
        let mut passed = Vec::new();
        loop {
            let Some(frame) = self.next() else {
                panic!("closed before a frame of kind {kind}, after {passed:?}");
            };
            if frame.kind == kind {
                return frame;
            }
            passed.push(frame);
        }
    }

    /// Reads on until the gateway answers a ping of ours, and so has seen all that was sent before.
    #[track_caller]
    pub fn settle(&mut self) {
        let mark = *b"settled?";
        self.send(PING, 0, 0, &mark);
        while self.next_of(PING).payload != mark {}
    }

    /// A byte of whatever it is.
    pub fn byte(&mut self) -> Option<u8> {
        self.exactly(1).map(|byte| byte[0])
    }

    fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        match self.socket.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("waited {DEADLINE:?} in vain for a frame")
            }
            Err(_) => None,
        }
    }

    /// How a stream fares: the first frame that answers it, or ends it or all.
    pub fn fate(&mut self, stream: u32) -> Option<Frame> {
        std::iter::from_fn(|| self.next()).find(|frame| {
            frame.kind == GOAWAY || frame.stream == stream && matches!(frame.kind, HEADERS | RST_STREAM)
        })
    }

    /// Waits for the end of the connection.
    pub fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

impl Frame {
    /// Whether it has this flag.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The error of a `RST_STREAM` or `GOAWAY`.
    pub fn error(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The status of an answer, where it stands in the static table (RFC 7541, appendix A).
    pub fn status(&self) -> Option<u16> {
        assert_eq!(self.kind, HEADERS, "{self:?}");
        let index = usize::from(self.payload[0] & 0x7f);
        [200, 204, 206, 304, 400, 404, 500]
            .get(index.checked_sub(8)?)
            .copied()
    }
}

/// A header block, every field as a literal that nobody is to remember (RFC 7541 §6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            push_length(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// A number with seven bits in its first byte (RFC 7541 §5.1).
fn push_length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
        return;
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}
