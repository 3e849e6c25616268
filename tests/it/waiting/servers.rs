//! Servers that say half of something, and clients that wait for them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::clients::{PATIENCE, get};
use super::costs_nothing;
use super::peers::State;
use crate::support::frames::{DATA, END_HEADERS, HEADERS, SETTINGS, frame};
use crate::support::{Gateway, Proto, policy};

const PATIENT: &str = "[defaults]\nmax_inflight_per_client = \"off\"";
/// The head of an answer with 200 alone (RFC 7541, appendix A).
const OK: [u8; 1] = [0x88];

/// A server that says this once it is asked something, and then nothing more.
#[derive(Clone)]
struct Mute {
    name: &'static str,
    path: &'static str,
    first: Vec<u8>,
    says: Vec<u8>,
    http2: bool,
    scheme: &'static str,
    may_end: bool,
}

impl Mute {
    fn one(name: &'static str, path: &'static str, says: &str) -> Self {
        Self {
            name,
            path,
            first: Vec::new(),
            says: says.into(),
            http2: false,
            scheme: "http",
            may_end: false,
        }
    }

    /// One that says this as soon as it is connected to, and nothing when it is asked.
    fn greeting(name: &'static str, path: &'static str, first: &[u8]) -> Self {
        Self {
            first: first.into(),
            ..Self::one(name, path, "")
        }
    }

    /// One of HTTP/2, which says the first as soon as it is connected to.
    fn two(name: &'static str, path: &'static str, first: &[u8], says: &[u8]) -> Self {
        Self {
            name,
            path,
            first: first.into(),
            says: says.into(),
            http2: true,
            scheme: "http",
            may_end: false,
        }
    }

    /// One that ought to speak TLS.
    fn secure(self) -> Self {
        Self {
            scheme: "https",
            ..self
        }
    }

    /// One that the gateway gives up before long.
    fn ending(self) -> Self {
        Self {
            may_end: true,
            ..self
        }
    }

    fn listen(self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let mute = self.clone();
                thread::spawn(move || mute.serve(socket));
            }
        });
        address
    }

    /// Until the gateway has gone.
    fn serve(self, mut socket: TcpStream) -> std::io::Result<()> {
        socket.write_all(&self.first)?;
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        let mut asked = false;
        loop {
            let count = socket.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            heard.extend_from_slice(&buffer[..count]);
            if !asked && self.is_asked(&heard) {
                asked = true;
                socket.write_all(&self.says)?;
            }
        }
    }

    fn is_asked(&self, heard: &[u8]) -> bool {
        if !self.http2 {
            return heard.windows(4).any(|end| end == b"\r\n\r\n");
        }
        let mut rest = heard.get(24..).unwrap_or_default();
        while let Some(head) = rest.first_chunk::<9>() {
            if head[3] == HEADERS {
                return true;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            rest = rest.get(9 + length as usize..).unwrap_or_default();
        }
        false
    }
}

fn start(servers: &[Mute]) -> (Gateway, ()) {
    let text = servers.iter().fold(
        policy(["127.0.0.1:9"]).and(PATIENT).and(PATIENCE),
        |text, mute| {
            let (path, http2, port) = (mute.path, mute.http2, mute.clone().listen().port());
            let name = path.trim_start_matches('/');
            let scheme = mute.scheme;
            text.and(&format!(
                "[upstreams.{name}]\nservers = [\"{scheme}://127.0.0.1:{port}\"]\nhttp2 = {http2}\n\
                connect = \"60s\""
            ))
            .and(&format!(
                "[[routes]]\nname = \"{name}\"\nmatch = {{ path = \"{path}\" }}\nupstream = \"{name}\""
            ))
        },
    );
    (Gateway::start(text), ())
}

#[test]
fn servers_of_http_1() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let servers = [
        Mute::one("nothing", "/nothing", ""),
        Mute::one("one letter", "/letter", "H"),
        Mute::one("no handshake", "/no-handshake", "").secure(),
        Mute::greeting(
            "half of a handshake",
            "/half-handshake",
            b"\x16\x03\x03\x00\x40\x02",
        )
        .secure(),
        Mute::one("half a status line", "/line", "HTTP/1.1 20"),
        Mute::one("half a head", "/head", "HTTP/1.1 200 OK\r\nConte"),
        Mute::one(
            "half an interim answer",
            "/interim",
            "HTTP/1.1 103 Early Hints\r\nLi",
        ),
        Mute::one(
            "an interim answer alone",
            "/hints",
            "HTTP/1.1 103 Early Hints\r\n\r\n",
        ),
        Mute::one(
            "half a body",
            "/body",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        ),
        Mute::one(
            "a body without a byte",
            "/none",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        ),
        Mute::one("a body until the end", "/until", "HTTP/1.0 200 OK\r\n\r\n12345"),
        Mute::one(
            "half a chunk line",
            "/chunk-line",
            &format!("{chunked}5\r\nhello\r\nA"),
        ),
        Mute::one("half a chunk", "/chunk", &format!("{chunked}5\r\nhe")),
        Mute::one("half a trailer", "/trailer", &format!("{chunked}0\r\nX-Tra")),
    ];
    let states: Vec<_> = servers.iter().flat_map(asked).collect();
    costs_nothing(|| start(&servers), &states, |_| {});
}

#[test]
fn servers_of_http_2() {
    let settings = frame(SETTINGS, 0, 0, &[]);
    let no_window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let head = frame(HEADERS, END_HEADERS, 1, &OK);
    let piece = frame(DATA, 0, 1, b"0123456789");
    let servers = [
        Mute::two("no settings", "/no-settings", &[], &[]).ending(),
        Mute::two("half of the settings", "/half-settings", &settings[..5], &[]).ending(),
        Mute::two("nothing", "/nothing", &settings, &[]),
        Mute::two("no window", "/no-window", &no_window, &[]),
        Mute::two("half a frame's head", "/frame-head", &settings, &head[..4]),
        Mute::two(
            "half a block",
            "/block",
            &settings,
            &frame(HEADERS, END_HEADERS, 1, &[OK[0]; 9])[..12],
        ),
        Mute::two(
            "a block that is not over",
            "/open-block",
            &settings,
            &frame(HEADERS, 0, 1, &OK),
        ),
        Mute::two("a head alone", "/head", &settings, &head),
        Mute::two(
            "half a frame of a body",
            "/half-frame",
            &settings,
            &[&head[..], &piece[..12]].concat(),
        ),
        Mute::two("half a body", "/half-body", &settings, &[head, piece].concat()),
    ];
    let states: Vec<_> = servers.iter().flat_map(asked).collect();
    costs_nothing(|| start(&servers), &states, |_| {});
}

/// Clients that wait for the answer of one: with nothing to send, and with a body that is not over.
fn asked(mute: &Mute) -> [State; 2] {
    let upload = format!(
        "POST {} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 900000\r\n\r\n{}",
        mute.path,
        "x".repeat(500_000)
    );
    [get(mute.path), upload].map(|says| {
        let state = State::new(Proto::Http1, mute.name, says);
        if mute.may_end { state.ending() } else { state }
    })
}
