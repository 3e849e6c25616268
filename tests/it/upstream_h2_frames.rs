//! What servers do with the frames of HTTP/2 that no library does for them: written octet by octet.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::support::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, SETTINGS, frame};
use crate::support::{Ask, Gateway, Proto, policy};

/// The head of an answer with 200 alone (RFC 7541, appendix A).
const OK: [u8; 1] = [0x88];
const PREFACE: usize = 24;

/// A server that says this on the stream of each request, and then listens on.
fn saying(answer: impl Fn(u32) -> Vec<u8> + Send + Copy + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            thread::spawn(move || serve(socket.unwrap(), answer));
        }
    });
    address
}

/// Until the gateway has gone.
fn serve(mut socket: TcpStream, answer: impl Fn(u32) -> Vec<u8>) -> Option<()> {
    exactly(&mut socket, PREFACE)?;
    socket.write_all(&frame(SETTINGS, 0, 0, &[])).ok()?;
    loop {
        let head = exactly(&mut socket, 9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        exactly(&mut socket, length as usize)?;
        if head[3] == HEADERS {
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            socket.write_all(&frame(HEADERS, END_HEADERS, stream, &OK)).ok()?;
            socket.write_all(&answer(stream)).ok()?;
        }
    }
}

fn exactly(socket: &mut TcpStream, octets: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; octets];
    socket.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn before(server: SocketAddr) -> Gateway {
    Gateway::start(policy([server]).upstream("http2 = true").workers(1))
}

/// Padding counts against the window (RFC 9113 §6.1), and there is nobody who would read it: as much of it as the whole window, and the
/// answer still comes.
#[test]
fn padding_does_not_use_up_a_window() {
    let gateway = before(saying(|stream| {
        let mut padding = vec![0; 256];
        padding[0] = 255;
        let mut answer = frame(DATA, PADDED, stream, &padding).repeat(7);
        padding.push(b'.');
        padding.swap(1, 256);
        answer.extend(frame(DATA, PADDED | END_STREAM, stream, &padding));
        answer
    }));
    // One answer after another on the same connection, and each is granted all of it anew.
    for proto in [Proto::Http1, Proto::H2c, Proto::H2c] {
        let answer = Ask::get("/").over(proto, &gateway);
        assert!(answer.body.complete && answer.body.bytes == b".", "{proto:?}");
    }
    gateway.stop();
}

/// More than was ever granted ends the connection (RFC 9113 §6.9.1), and nothing but that.
#[test]
fn a_server_that_sends_more_than_its_window_loses_the_connection() {
    let gateway = before(saying(|stream| {
        frame(DATA, 0, stream, &[b'x'; 1 << 14]).repeat(64)
    }));
    for proto in [Proto::Http1, Proto::H2c] {
        let mut exchange = crate::support::Session::open(proto, &gateway).start(&Ask::get("/"));
        let cut =
            exchange.try_head().is_none_or(|head| head.status == 502) || !exchange.rest_of_body().complete;
        assert!(cut, "{proto:?}");
        assert_eq!(Ask::get("/health/live").over(proto, &gateway).status, 200);
    }
    gateway.stop();
}
