//! An echo server that says why it fails a connection, as RFC 6455 §7.1.7 asks, and lets its last frame arrive.

use std::io::Read as _;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Error};

use crate::support::DEADLINE;

/// The server; it ends with the test.
pub(super) struct Server(SocketAddr);

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(|| serve(stream));
            }
        });
        Self(address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0
    }
}

fn serve(mut stream: TcpStream) {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    // Probes connect and say nothing.
    let Ok(mut socket) = tungstenite::accept(stream.try_clone().unwrap()) else {
        return;
    };
    let error = loop {
        match socket.read() {
            Ok(message) if message.is_text() || message.is_binary() => {
                let _may_be_gone = socket.send(message);
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let code = match error {
        Error::Protocol(_) | Error::Capacity(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        _ => None,
    };
    if let Some(code) = code {
        let _told = socket.close(Some(CloseFrame {
            code,
            reason: "".into(),
        }));
        let _sent = socket.flush();
    }
    let _gone = stream.shutdown(Shutdown::Write);
    // Closed over unread bytes, the connection would be reset and the last frame lost.
    let mut waste = [0; 4096];
    while stream.read(&mut waste).is_ok_and(|count| count > 0) {}
}
