//! What servers do with the frames of HTTP/2 that no library does for them: written byte by byte.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, PADDED, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
};
use crate::support::{Ask, Gateway, Proto, Session, policy, until};

/// The head of an answer with 200 alone (RFC 7541, appendix A).
const OK: [u8; 1] = [0x88];
/// And that of one with ten bytes.
const OK_AND_TEN: [u8; 6] = [0x88, 0x0f, 13, 2, b'1', b'0'];
const PREFACE: usize = 24;

/// A frame that came: over which connection of those with requests, from 0.
struct Heard {
    connection: usize,
    kind: u8,
    stream: u32,
}

/// A server that says to each frame what the test has it say, in pieces of such a size, each by itself.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn playing(piece: usize, play: impl Fn(&Heard) -> Vec<u8> + Send + Clone + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (Arc::clone(&server.connections), Arc::clone(&server.requests));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (play, requests) = (play.clone(), Arc::clone(&requests));
                let (connections, mut number) = (Arc::clone(&connections), None);
                thread::spawn(move || {
                    serve(socket.unwrap(), |kind, stream| {
                        if kind == HEADERS {
                            requests.fetch_add(1, Ordering::SeqCst);
                            number.get_or_insert_with(|| connections.fetch_add(1, Ordering::SeqCst));
                        }
                        let said = number.map(|connection| {
                            play(&Heard {
                                connection,
                                kind,
                                stream,
                            })
                        });
                        let said = said.unwrap_or_default();
                        said.chunks(piece).map(<[u8]>::to_vec).collect()
                    })
                });
            }
        });
        server
    }

    /// Says this on the stream of each request.
    fn saying(answer: impl Fn(u32) -> Vec<u8> + Send + Clone + 'static) -> Self {
        Self::playing(usize::MAX, move |heard| match heard.kind {
            HEADERS => answer(heard.stream),
            _ => Vec::new(),
        })
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Until the gateway has gone.
fn serve(mut socket: TcpStream, mut play: impl FnMut(u8, u32) -> Vec<Vec<u8>>) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    exactly(&mut socket, PREFACE)?;
    socket.write_all(&frame(SETTINGS, 0, 0, &[])).ok()?;
    loop {
        let head = exactly(&mut socket, 9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        exactly(&mut socket, length as usize)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        for piece in play(head[3], stream) {
            socket.write_all(&piece).ok()?;
        }
    }
}

fn exactly(socket: &mut TcpStream, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn before(server: &Server) -> Gateway {
    Gateway::start(policy([server.address]).upstream("http2 = true").workers(1))
}

/// The head of an answer and what comes behind it.
fn answer(stream: u32, head: &[u8], rest: &[u8]) -> Vec<u8> {
    [&frame(HEADERS, END_HEADERS, stream, head), rest].concat()
}

/// Padding counts against the window (RFC 9113 §6.1), and there is nobody who would read it: it is granted again all the same. Each answer is larger than any window, and almost all of it is padding.
#[test]
fn padding_does_not_use_up_a_window() {
    const FIRST: usize = 200;
    const LAST: usize = 100;
    let padded = |stream, flags| {
        let mut padding = vec![0; 257];
        (padding[0], padding[1]) = (255, b'.');
        frame(DATA, PADDED | flags, stream, &padding)
    };
    let waiting = Arc::<Mutex<BTreeSet<u32>>>::default();
    let server = Server::playing(usize::MAX, move |heard| {
        let (stream, mut waiting) = (heard.stream, waiting.lock().unwrap());
        match heard.kind {
            HEADERS if waiting.insert(stream) => answer(stream, &OK, &padded(stream, 0).repeat(FIRST)),
            // It waits until it may go on.
            WINDOW_UPDATE if waiting.remove(&stream) => {
                let rest = padded(stream, 0).repeat(LAST - 1);
                [rest, padded(stream, END_STREAM)].concat()
            }
            _ => Vec::new(),
        }
    });
    let gateway = before(&server);
    for proto in [Proto::Http1, Proto::H2c, Proto::H2c] {
        let body = Ask::get("/").over(proto, &gateway).body;
        assert!(body.complete && body.bytes == [b'.'; FIRST + LAST], "{proto:?}");
    }
    assert_eq!(server.connections(), 1);
    gateway.stop();
}

/// More than was granted ends its stream (RFC 9113 §6.9.1), and nothing but that: it would be a whole answer.
#[test]
fn a_server_that_sends_more_than_its_window_loses_the_stream() {
    let told = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&told);
    let server = Server::playing(usize::MAX, move |heard| match heard.kind {
        HEADERS => {
            let mut data = frame(DATA, 0, heard.stream, &[b'x'; 1 << 14]).repeat(24);
            data.extend(frame(DATA, END_STREAM, heard.stream, b""));
            answer(heard.stream, &OK, &data)
        }
        RST_STREAM => {
            seen.fetch_add(1, Ordering::SeqCst);
            Vec::new()
        }
        _ => Vec::new(),
    });
    let gateway = before(&server);
    // A client that grants nothing before all of that has come.
    let mut frames = Frames::open(gateway.http());
    frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    frames.request(1, &GET, END_STREAM);
    until("the server is told", || told.load(Ordering::SeqCst) > 0);
    frames.send(WINDOW_UPDATE, 0, 1, &[0, 16, 0, 0]);
    assert_eq!(frames.next_of(RST_STREAM).stream, 1);
    assert_eq!(Ask::get("/health/live").over(Proto::H2c, &gateway).status, 200);
    assert_eq!(server.connections(), 1);
    gateway.stop();
}

/// Each breaks its own stream, and neither the thousandth nor the next breaks those of others (h2 ends a connection there).
#[test]
fn answers_that_break_their_word_leave_the_connection_to_others() {
    let server =
        Server::saying(|stream| answer(stream, &OK_AND_TEN, &frame(DATA, END_STREAM, stream, b"three")));
    let gateway = before(&server);
    let session = Session::open(Proto::H2c, &gateway);
    for _ in 0..1100 {
        let mut exchange = session.start(&Ask::get("/"));
        let cut =
            exchange.try_head().is_none_or(|head| head.status == 502) || !exchange.rest_of_body().complete;
        assert!(cut);
    }
    assert_eq!(server.connections(), 1);
    gateway.stop();
}

/// A server may use up its window in single bytes before it hears that nobody wants them.
#[test]
fn bytes_that_come_too_late_leave_the_connection_to_others() {
    const CANCELLED: usize = 60;
    let told = Arc::<Mutex<Vec<u32>>>::default();
    let seen = Arc::clone(&told);
    let server = Server::playing(usize::MAX, move |heard| {
        let stream = heard.stream;
        let mut seen = seen.lock().unwrap();
        match heard.kind {
            RST_STREAM => {
                let first = !seen.contains(&stream);
                seen.push(stream);
                let bytes = frame(DATA, 0, stream, b".").repeat(2000);
                if first {
                    answer(stream, &OK, &bytes)
                } else {
                    Vec::new()
                }
            }
            HEADERS if stream as usize > 2 * CANCELLED => {
                answer(stream, &OK, &frame(DATA, END_STREAM, stream, b"wanted"))
            }
            _ => Vec::new(),
        }
    });
    let gateway = before(&server);
    for at in 0..CANCELLED {
        let session = Session::open(Proto::H2c, &gateway);
        let exchange = session.start(&Ask::get("/"));
        until("it is asked", || server.requests() > at);
        drop(exchange);
        until("it is told", || told.lock().unwrap().len() > at);
    }
    assert_eq!(Ask::get("/").over(Proto::H2c, &gateway).text(), "wanted");
    assert_eq!(server.connections(), 1);
    assert_eq!(told.lock().unwrap().len(), CANCELLED, "each is told once");
    gateway.stop();
}

/// Wherever what is read at once ends: more than the hundred that h2 bears come in two pieces here.
#[test]
fn empty_frames_in_pieces_do_no_harm() {
    let server = Server::playing(7, |heard| match heard.kind {
        HEADERS => {
            let mut data = frame(DATA, 0, heard.stream, b"").repeat(30_000);
            data.extend(frame(DATA, END_STREAM, heard.stream, b"whole"));
            answer(heard.stream, &OK, &data)
        }
        _ => Vec::new(),
    });
    let gateway = before(&server);
    for proto in [Proto::Http1, Proto::H2c] {
        assert_eq!(Ask::get("/").over(proto, &gateway).text(), "whole", "{proto:?}");
    }
    assert_eq!(server.connections(), 1);
    gateway.stop();
}

/// A connection that is dead as far as anybody can tell is not for the next client, though each leaves before its deadline.
#[test]
fn nobody_follows_those_who_left_a_silent_connection() {
    let server = Server::playing(usize::MAX, |heard| match (heard.kind, heard.connection) {
        (HEADERS, 1..) => answer(
            heard.stream,
            &OK,
            &frame(DATA, END_STREAM, heard.stream, b"alive"),
        ),
        _ => Vec::new(),
    });
    let text = policy([server.address]).upstream("http2 = true").workers(1);
    let gateway = Gateway::start(
        text.listener("timeouts = { request_head = \"1200ms\", keep_alive_idle = \"1200ms\" }"),
    );
    let exchange = Session::open(Proto::H2c, &gateway).start(&Ask::get("/"));
    until("it is asked", || server.requests() == 1);
    // As long as it takes until nobody is waited for.
    let mut unused = gateway.connect();
    unused.rest();
    drop(exchange);
    until("the client has left", || {
        gateway
            .metrics()
            .count("portcullis_upstream_in_flight", &[("upstream", "backend")])
            == 0
    });
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "alive");
    gateway.stop();
}
