//! The PROXY protocol on the way out: each connection says whose request it carries.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use super::{ASK, TRUSTING};
use crate::support::pipe::Pipe;
use crate::support::{Gateway, Reply, Wire, policy, run};

/// What a connection begins with.
fn header(socket: &mut TcpStream) -> Vec<u8> {
    let mut header = vec![0; 12];
    socket.read_exact(&mut header).unwrap();
    if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            header.extend(byte);
        }
        return header;
    }
    let mut head = [0; 4];
    socket.read_exact(&mut head).unwrap();
    let mut rest = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
    socket.read_exact(&mut rest).unwrap();
    [&header[..], &head, &rest].concat()
}

/// What a server was told at the beginning of a connection, and the first line of what was asked on it.
type Told = Vec<(Vec<u8>, String)>;

/// A server that wants each connection announced, until it was asked so often and probed. What it is told of
/// connections that are the gateway's own is the other part.
fn told(listener: TcpListener, count: usize) -> JoinHandle<(Told, Vec<Vec<u8>>)> {
    thread::spawn(move || {
        let (mut told, mut probes, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        while told.len() < count || probes.is_empty() {
            let (mut socket, _) = listener.accept().unwrap();
            let header = header(&mut socket);
            let mut pipe = Pipe::lenient(socket);
            let Some(head) = pipe.head() else {
                probes.push(header);
                continue;
            };
            pipe.send(Reply::text("done").bytes()).unwrap();
            told.push((header, head.first));
            // Left open, so that it could be used again.
            kept.push(pipe);
        }
        (told, probes)
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
        let (told, probes) = told.join().unwrap();
        let own: &[u8] = match version {
            "v1" => b"PROXY UNKNOWN\r\n",
            _ => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        };
        assert!(probes.iter().all(|probe| probe == own), "{probes:?}");
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

#[test]
fn where_one_connection_is_for_many_clients_none_can_be_announced() {
    let lines = "http2 = true\nproxy_protocol = \"v2\"";
    let policy = policy(["127.0.0.1:1"]).upstream(lines);
    let exit = run(&["check", "portcullis.toml"], &policy.text(), &[]);
    assert_eq!(exit.code, Some(2));
    assert!(exit.output().contains("X-Forwarded-For"), "{}", exit.output());
}
