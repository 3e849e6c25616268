//! TLS before an origin that speaks in plain: it ends the TLS of whoever comes, passes the bytes on, and tells what
//! it was asked and shown.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Certs;
use super::certs::authority;
use super::session::{runtime, wait};

/// A TLS server.
pub struct Front {
    address: SocketAddr,
    hellos: Arc<Mutex<Vec<Hello>>>,
    accepting: JoinHandle<()>,
}

/// Who came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The name that was asked for.
    pub name: Option<String>,
    /// The protocol that was settled.
    pub protocol: Option<String>,
    /// The common name of the client's certificate.
    pub client: Option<String>,
}

impl Front {
    /// Before an origin, with the certificate of this name. `protocol` is what it speaks; `asks` says that it wants a
    /// certificate of the test bed's authority.
    pub fn before(origin: SocketAddr, certs: &Certs, name: &str, protocol: &str, asks: bool) -> Self {
        let terms = Arc::new(terms(certs, name, protocol, asks));
        let listener = wait("an address", TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let hellos = Arc::<Mutex<Vec<Hello>>>::default();
        let seen = Arc::clone(&hellos);
        let accepting = runtime().spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(pass(stream, Arc::clone(&terms), origin, Arc::clone(&seen)));
            }
        });
        Self {
            address,
            hellos,
            accepting,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every handshake that came to an end.
    pub fn hellos(&self) -> Vec<Hello> {
        self.hellos.lock().unwrap().clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What a server shows; see [`Front::before`].
pub fn terms(certs: &Certs, name: &str, protocol: &str, asks: bool) -> ServerConfig {
    let read = |end: &str| std::fs::read(certs.path(&format!("{name}.{end}"))).unwrap();
    let chain = portcullis::tls::certificate::read_chain(&read("pem")).unwrap();
    let key = rustls::pki_types::pem::PemObject::from_pem_slice(&read("key")).unwrap();
    let builder = ServerConfig::builder_with_provider(portcullis::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks {
        let mut roots = RootCertStore::empty();
        roots.add(authority()).unwrap();
        let provider = portcullis::tls::provider();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let mut terms = builder.with_single_cert(chain, key).unwrap();
    terms.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    terms
}

async fn pass(stream: TcpStream, terms: Arc<ServerConfig>, origin: SocketAddr, seen: Arc<Mutex<Vec<Hello>>>) {
    let Ok(mut stream) = TlsAcceptor::from(terms).accept(stream).await else {
        return;
    };
    let (_, session) = stream.get_ref();
    let client = session.peer_certificates().map(|shown| {
        let (_, certificate) = X509Certificate::from_der(&shown[0]).unwrap();
        let name = certificate.subject().iter_common_name().next().unwrap();
        name.as_str().unwrap().to_owned()
    });
    seen.lock().unwrap().push(Hello {
        name: session.server_name().map(str::to_owned),
        protocol: session
            .alpn_protocol()
            .map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
        client,
    });
    if let Ok(mut origin) = TcpStream::connect(origin).await {
        let _broken = tokio::io::copy_bidirectional(&mut stream, &mut origin).await;
    }
}
