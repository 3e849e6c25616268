//! HTTP/2 frame by frame, for what no well-behaved client would send. It compresses nothing and reads only as
//! much of an answer as a test asks for.

use std::net::SocketAddr;

use super::Wire;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// What a request for `/` needs.
pub const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "gateway.test"),
];

/// A connection that speaks in frames.
pub struct Frames(Wire);

/// A frame that came.
#[derive(Debug, Clone)]
pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frames {
    /// Connects and greets, with prior knowledge.
    pub fn open(address: SocketAddr) -> Self {
        let mut wire = Wire::connect(address);
        wire.send(PREFACE);
        let mut frames = Self(wire);
        frames.send(SETTINGS, 0, 0, &[]);
        frames
    }

    /// `false` once the gateway has gone.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.0.try_send([&head, payload].concat())
    }

    /// A whole request head in one frame.
    pub fn request(&mut self, stream: u32, fields: &[(&str, &str)], flags: u8) -> bool {
        self.send(HEADERS, END_HEADERS | flags, stream, &block(fields))
    }

    /// The next frame; none once the gateway has closed.
    pub fn next(&mut self) -> Option<Frame> {
        let head = self.0.exactly(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        Some(Frame {
            kind: head[3],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload: self.0.exactly(length as usize)?,
        })
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

impl Frame {
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
