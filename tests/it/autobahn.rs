//! The case classes of the Autobahn test suite, sections 1 to 7 (framing, pings, reserved bits, opcodes, fragments, UTF-8,
//! closing), written down from RFC 6455. Each is run against a server of its own and through the gateway: frames
//! pass untouched, so that both see the same outcome, and it is the one the RFC asks for.

mod closing;
mod fragments;
mod framing;
mod server;
mod utf8;

use std::net::SocketAddr;

use crate::support::{Ask, Gateway, Wire, policy};

use self::server::Server;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;

const PROTOCOL_ERROR: u16 = 1002;
const INVALID_PAYLOAD: u16 = 1007;

/// What a client sends and what it must get.
struct Case {
    name: String,
    /// Each is a write of its own.
    pieces: Vec<Vec<u8>>,
    /// Frames before the close.
    heard: Vec<Frame>,
    /// The code of the close frame; none: one without a code.
    closed: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    opcode: u8,
    payload: Vec<u8>,
}

/// How the bytes of a case are cut up.
#[derive(Debug, Clone, Copy)]
enum Chop {
    /// All at once.
    Whole,
    /// Frame by frame.
    Frames,
    /// Byte by byte.
    Bytes,
}

impl Case {
    /// A case that sends these frames and is closed in order afterwards.
    fn new(name: impl Into<String>, frames: Vec<Vec<u8>>, chop: Chop) -> Self {
        let mut case = Self::unclosed(name, frames, chop);
        case.pieces.push(close(1000, ""));
        case
    }

    /// A case that sends these frames and no more.
    fn unclosed(name: impl Into<String>, frames: Vec<Vec<u8>>, chop: Chop) -> Self {
        let pieces = match chop {
            Chop::Whole => vec![frames.concat()],
            Chop::Frames => frames,
            Chop::Bytes => frames.concat().into_iter().map(|byte| vec![byte]).collect(),
        };
        Self {
            name: name.into(),
            pieces,
            heard: Vec::new(),
            closed: Some(1000),
        }
    }

    fn hears(mut self, opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        self.heard.push(Frame {
            opcode,
            payload: payload.as_ref().to_vec(),
        });
        self
    }

    fn closed_with(mut self, code: impl Into<Option<u16>>) -> Self {
        self.closed = code.into();
        self
    }

    fn run(&self, address: SocketAddr) -> Vec<Frame> {
        let mut wire = Ask::get("/")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .start(address);
        assert_eq!(wire.head().status, 101, "{}", self.name);
        for piece in &self.pieces {
            // A server that has failed the connection already need not read the rest.
            wire.try_send(piece);
        }
        frames(&mut wire)
    }
}

/// What the server sent until it closed.
fn frames(wire: &mut Wire) -> Vec<Frame> {
    let rest = wire.rest();
    let (mut frames, mut rest) = (Vec::new(), rest.as_slice());
    while let [first, second, after @ ..] = rest {
        assert!(
            first & 0x70 == 0 && second & 0x80 == 0,
            "no frame of a server: {rest:?}"
        );
        let (length, after) = match second {
            126 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
            127 => (
                usize::try_from(u64::from_be_bytes(after[..8].try_into().unwrap())).unwrap(),
                &after[8..],
            ),
            short => (usize::from(*short), after),
        };
        frames.push(Frame {
            opcode: first & 15,
            payload: after[..length].to_vec(),
        });
        rest = &after[length..];
    }
    assert!(rest.is_empty(), "half a frame: {rest:?}");
    frames
}

/// A frame of a client; `first` has its opcode and the bits above it.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let payload = payload.as_ref();
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
        middle @ 126..=0xffff => {
            frame.push(0xfe);
            frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0xff);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | TEXT, payload)
}

fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | PING, payload)
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(FIN | CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// Runs each case against the server and through the gateway.
fn run(cases: impl IntoIterator<Item = Case>) {
    let server = Server::start();
    let gateway = Gateway::start(
        policy([server.address()])
            .and("[defaults]\nmax_inflight_per_client = \"off\"\nstream.max_open_per_client = \"off\""),
    );
    let mut faults = Vec::new();
    for case in cases {
        let (direct, through) = (case.run(server.address()), case.run(gateway.http()));
        if direct != through {
            faults.push(format!(
                "{}: without the gateway {}, with it {}",
                case.name,
                shown(&direct),
                shown(&through)
            ));
        }
        let (last, heard) = through
            .split_last()
            .map_or((None, &[][..]), |(last, heard)| (Some(last), heard));
        let code = last
            .filter(|last| last.opcode == CLOSE)
            .map(|last| match last.payload.as_slice() {
                [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            });
        if heard != case.heard || code != Some(case.closed) {
            faults.push(format!(
                "{}: {}, not {} and {:?}",
                case.name,
                shown(&through),
                shown(&case.heard),
                case.closed
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    gateway.stop();
}

fn shown(frames: &[Frame]) -> String {
    let each = frames.iter().map(|frame| {
        let start = String::from_utf8_lossy(&frame.payload[..frame.payload.len().min(16)]).into_owned();
        format!("{}:{}({start:?})", frame.opcode, frame.payload.len())
    });
    format!("[{}]", each.collect::<Vec<_>>().join(" "))
}
