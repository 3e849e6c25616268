//! A TLS client that trusts the test bed's authority, and tells what it was shown.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::certs::authority;
use super::session::wait;

/// Somebody who comes again: it keeps the tickets it was given.
pub struct TlsClient(Arc<ClientConfig>);

/// What a client saw of a handshake.
#[derive(Debug, PartialEq)]
pub struct Shown {
    /// The common name of the certificate.
    pub name: String,
    pub serial: Vec<u8>,
    pub version: ProtocolVersion,
    pub resumed: bool,
}

impl TlsClient {
    pub fn new(version: &'static SupportedProtocolVersion) -> Self {
        Self(trusting(&[b"http/1.1"], version))
    }

    /// One that offers these protocols.
    pub fn speaking(protocols: &[&[u8]]) -> Self {
        Self(trusting(protocols, &rustls::version::TLS13))
    }

    /// Connects, asks for `/health`, and tells what it was shown.
    #[track_caller]
    pub fn look(&self, address: SocketAddr, name: &str) -> Shown {
        let terms = Arc::clone(&self.0);
        let name = name.to_owned();
        wait("a handshake", async move {
            let mut stream = connect(TcpStream::connect(address).await.unwrap(), &name, terms)
                .await
                .unwrap();
            let ask = format!("GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
            stream.write_all(ask.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            shown(&stream)
        })
    }

    /// Why a handshake comes to nothing.
    #[track_caller]
    pub fn fails(&self, address: SocketAddr, name: &str) -> io::Error {
        let terms = Arc::clone(&self.0);
        let name = name.to_owned();
        wait("a handshake", async move {
            let stream = TcpStream::connect(address).await.unwrap();
            connect(stream, &name, terms)
                .await
                .expect_err("the handshake succeeded")
        })
    }
}

pub fn trusting(protocols: &[&[u8]], version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority()).unwrap();
    let mut config = ClientConfig::builder_with_provider(portcullis::tls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

pub(super) async fn connect(
    stream: TcpStream,
    name: &str,
    terms: Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(terms).connect(name, stream).await
}

fn shown(stream: &TlsStream<TcpStream>) -> Shown {
    let (_, connection) = stream.get_ref();
    let first = &connection.peer_certificates().unwrap()[0];
    let (_, certificate) = X509Certificate::from_der(first).unwrap();
    let name = certificate.subject().iter_common_name().next().unwrap();
    Shown {
        name: name.as_str().unwrap().to_owned(),
        serial: certificate.raw_serial().to_vec(),
        version: connection.protocol_version().unwrap(),
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
    }
}
