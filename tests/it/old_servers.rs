//! Real servers that take a body in chunks for none, and one that does not: what 16 bytes in chunks are to their
//! applications behind the gateway. The Python packages they need are set up by `./tests/run`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use crate::support::python::python;
use crate::support::reply::chunk;
use crate::support::{Ask, Gateway, Wire, policy, until};

/// A running application; dropping it ends it.
struct App {
    child: Child,
    address: SocketAddr,
}

impl App {
    /// Starts `arguments`, in which `PORT` stands for a free port, and waits until it answers.
    fn start(arguments: &[&str]) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let child = python()
            .args(arguments.iter().map(|word| word.replace("PORT", &port)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut app = Self { child, address };
        until("the application answers", || {
            assert!(app.child.try_wait().unwrap().is_none(), "{arguments:?} ended");
            Wire::try_connect(address).is_ok()
        });
        app
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What the application counts of a body in these chunks.
fn count(address: SocketAddr, pieces: &[&str]) -> String {
    let mut wire = Wire::connect(address);
    wire.send(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    );
    for piece in pieces {
        wire.send(chunk(piece));
    }
    wire.send("0\r\n\r\n");
    let answer = wire.answer();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

const SIXTEEN: [&str; 2] = ["0123456789", "abcdef"];

#[test]
fn djangos_runserver_gets_all_bytes_of_a_small_body_and_with_request_buffer_of_a_large_one() {
    let app = App::start(&["counts.py", "django", "PORT"]);
    assert_eq!(count(app.address, &SIXTEEN), "0", "it has learnt of chunks");
    let text = policy([app.address])
        .route("buffered", "path = \"/\"", "request_buffer = {}")
        .text();
    let plain = Gateway::start(policy([app.address]));
    assert_eq!(count(plain.http(), &SIXTEEN), "16");
    let buffered = Gateway::start(text);
    let piece = "x".repeat(100_000);
    assert_eq!(count(buffered.http(), &[&piece, &piece, &piece]), "300000");
    plain.stop();
    buffered.stop();
}

#[test]
fn wsgiref_gets_all_bytes_or_is_not_asked() {
    let app = App::start(&["counts.py", "wsgiref", "PORT"]);
    assert_eq!(count(app.address, &SIXTEEN), "0", "it has learnt of chunks");
    let gateway = Gateway::start(policy([app.address]));
    assert_eq!(count(gateway.http(), &SIXTEEN), "16");
    // It answered in HTTP/1.0, so nothing is sent that it would lose.
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.send(chunk("x".repeat(70_000)));
    wire.answer().assert_refused(411, "length_required");
    gateway.stop();
}

#[test]
fn uvicorn_gets_small_and_large_bodies_as_before() {
    let app = App::start(&[
        "-m",
        "uvicorn",
        "counts:asgi",
        "--port",
        "PORT",
        "--no-access-log",
    ]);
    let gateway = Gateway::start(policy([app.address]));
    let piece = "x".repeat(100_000);
    for pieces in [&SIXTEEN[..], &[&piece, &piece, &piece]] {
        let direct = count(app.address, pieces);
        assert_eq!(count(gateway.http(), pieces), direct);
    }
    assert_eq!(Ask::post("/", &piece).to(gateway.http()).text(), "100000");
    gateway.stop();
}
