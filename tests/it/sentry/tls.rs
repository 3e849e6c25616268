//! Reports over https, as they usually go: the certificate must be one that the machine trusts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::exit::Exit;
use crate::support::{Gateway, policy, run};

/// A Sentry that speaks TLS with a certificate of its own making; its DSN, and the certificate.
fn secure_sentry() -> (String, String) {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(portcullis::crypto::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            answer(StreamOwned::new(connection, socket));
        }
    });
    (format!("https://key@localhost:{port}/42"), issued.cert.pem())
}

/// One request, one answer; a client that does not trust us leaves before.
fn answer(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) {
    let mut length = 0;
    let mut reader = BufReader::new(&mut stream);
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(1..) if line != "\r\n" => {}
            Ok(1..) => break,
            _ => return,
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let taken = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(taken).unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
}

fn test_event(dsn: &str, variables: &[(&str, &str)]) -> Exit {
    let text = policy(["127.0.0.1:9"]).and(&format!("[sentry]\ndsn = \"{dsn}\""));
    run(&["sentry-test"], &text.text(), variables)
}

#[test]
fn only_a_trusted_certificate_is_sent_to() {
    let (dsn, certificate) = secure_sentry();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trusted.pem");
    std::fs::write(&file, certificate).unwrap();
    test_event(&dsn, &[("SSL_CERT_FILE", file.to_str().unwrap())]).assert(0, &["took the test event"]);
    test_event(&dsn, &[]).assert(1, &["certificate"]);
}

#[test]
fn a_machine_that_trusts_nobody_still_serves() {
    let nobody = [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    test_event("https://key@localhost:9/42", &nobody).assert(1, &["the test event did not arrive"]);
    let text = policy(["127.0.0.1:9"]).and("[sentry]\ndsn = \"https://key@localhost:9/42\"");
    Gateway::start_with(&text, &nobody).stop();
}
