//! The PROXY protocol on the way out: each connection says whose request it carries.

use std::io::Read;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::{ASK, TRUSTING};
use crate::support::pipe::Pipe;
use crate::support::{Gateway, Reply, Wire, policy};

/// A server that wants each connection announced: what it was told, and the path asked for, on each.
fn told(listener: TcpListener, count: usize) -> JoinHandle<Vec<(Vec<u8>, String)>> {
    thread::spawn(move || {
        let mut told = Vec::new();
        let mut kept = Vec::new();
        while told.len() < count {
            let (mut socket, _) = listener.accept().unwrap();
            let mut header = vec![0; 16];
            if socket.read_exact(&mut header).is_err() {
                // A probe.
                continue;
            }
            let rest = if header.starts_with(b"PROXY ") {
                while !header.ends_with(b"\r\n") {
                    let mut byte = [0];
                    socket.read_exact(&mut byte).unwrap();
                    header.extend(byte);
                }
                0
            } else {
                usize::from(u16::from_be_bytes([header[14], header[15]]))
            };
            let mut more = vec![0; rest];
            socket.read_exact(&mut more).unwrap();
            header.extend(more);
            let mut pipe = Pipe::lenient(socket);
            let head = pipe.head().unwrap();
            pipe.send(Reply::text("done").bytes()).unwrap();
            told.push((header, head.first));
            // Left open, so that it could be used again.
            kept.push(pipe);
        }
        told
    })
}

#[test]
fn servers_are_told_whose_request_each_connection_carries() {
    for version in ["v1", "v2"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = told(listener, 3);
        let gateway = Gateway::start(
            policy([address])
                .upstream(&format!("proxy_protocol = \"{version}\""))
                .and(TRUSTING),
        );
        let mut wire = Wire::connect_from("127.0.0.9", gateway.http());
        for path in ["/one", "/two"] {
            wire.send(ASK.replace("/asked", path));
            assert_eq!(wire.answer().text(), "done");
        }
        // Behind a trusted proxy it is the client that is announced, not the proxy.
        let mut proxied = gateway.connect();
        proxied.send(ASK.replace("\r\n\r\n", "\r\nX-Forwarded-For: 2001:db8::7\r\n\r\n"));
        assert_eq!(proxied.answer().text(), "done");
        let told = told.join().unwrap();
        let port = gateway.http().port();
        for (header, first) in &told[..2] {
            let text = String::from_utf8_lossy(header);
            if version == "v1" {
                assert!(text.starts_with("PROXY TCP4 127.0.0.9 127.0.0.1 "), "{text}");
                assert!(text.ends_with(&format!(" {port}\r\n")), "{text}");
            } else {
                assert_eq!(header[12..24], [0x21, 0x11, 0, 12, 127, 0, 0, 9, 127, 0, 0, 1]);
                assert_eq!(header[26..], port.to_be_bytes());
            }
            assert!(first.starts_with("GET /"), "{first}");
        }
        let (header, _) = &told[2];
        if version == "v1" {
            let text = String::from_utf8_lossy(header);
            assert!(
                text.starts_with("PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 0 "),
                "{text}"
            );
        } else {
            assert_eq!(header[12..22], [0x21, 0x21, 0, 36, 0x20, 1, 0x0d, 0xb8, 0, 0]);
        }
        gateway.stop();
    }
}
