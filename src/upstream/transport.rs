//! How the servers of an upstream are reached: in plain or by TLS, in HTTP/1.1 or HTTP/2. It opens sockets; what is
//! said on them is for others. And what is asked of their health, which is no part of how they are reached.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::proxy_protocol::{self, Version};
use crate::tls::client::remedy;
use crate::tls::terms::H2;
use crate::upstream::socket::Socket;

/// How a server is reached; the default is HTTP/1.1 in plain.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// TLS, if any.
    pub tls: Option<Tls>,
    /// HTTP/2, if that is spoken.
    pub http2: Option<Http2>,
    /// Whether a connection begins with the word on whose it is, before TLS too, and how that is written.
    pub announce: Option<Version>,
}

/// How a server proves who it is.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Whom we trust, and what we show.
    pub terms: Arc<ClientConfig>,
    /// What the certificate must be for; asked for in the handshake if it is a name.
    pub name: ServerName<'static>,
    /// Tells these terms from others: made of all certificates and keys in them.
    pub digest: [u8; 32],
}

/// How HTTP/2 connections are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Http2 {
    /// After how much silence a PING is sent while requests are under way.
    pub ping: Option<Duration>,
    /// How long its answer may take.
    pub ping_timeout: Duration,
    /// The most the fields of an answer may weigh (RFC 9113 §6.5.2).
    pub max_head: u32,
}

/// The gRPC health check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Health {
    /// The service; empty for the whole server.
    pub service: String,
    /// From one check to the next.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
}

/// What makes two transports the same: a server keeps its connections over a reload only if it is reached as before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    tls: Option<(ServerName<'static>, [u8; 32])>,
    http2: Option<Http2>,
    announce: Option<Version>,
}

/// A handshake with a server that came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{error}; {}", remedy(error))]
pub struct TlsFailed {
    /// What rustls says.
    pub error: rustls::Error,
}

/// The server speaks something else.
#[derive(Debug, thiserror::Error)]
#[error("the server does not speak HTTP/2: leave `http2` out of the upstream")]
pub struct NotHttp2;

impl Default for Http2 {
    fn default() -> Self {
        Self {
            ping: None,
            ping_timeout: Duration::ZERO,
            max_head: 64 * 1024,
        }
    }
}

impl Transport {
    /// What makes it the same as another.
    pub fn key(&self) -> Key {
        Key {
            tls: self.tls.as_ref().map(|tls| (tls.name.clone(), tls.digest)),
            http2: self.http2.clone(),
            announce: self.announce,
        }
    }

    /// A socket by the moment given, its server verified; past it the error is of the kind `TimedOut`. `client` is
    /// what announces a client; without, the connection is our own.
    pub(super) async fn open(&self, address: SocketAddr, client: &[u8], by: Instant) -> io::Result<Socket> {
        tokio::time::timeout_at(by.into(), self.open_without_end(address, client))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer to the connection attempt"))?
    }

    async fn open_without_end(&self, address: SocketAddr, client: &[u8]) -> io::Result<Socket> {
        let mut stream = TcpStream::connect(address).await?;
        // Heads and last chunks are small and final: waiting to fill a packet (Nagle) only delays them.
        stream.set_nodelay(true)?;
        if let Some(version) = self.announce {
            let own = proxy_protocol::nobody(version);
            stream
                .write_all(if client.is_empty() { own } else { client })
                .await?;
        }
        let Some(tls) = &self.tls else {
            return Ok(Socket::Plain(stream));
        };
        let connector = TlsConnector::from(Arc::clone(&tls.terms));
        let stream = connector
            .connect(tls.name.clone(), stream)
            .await
            .map_err(explain)?;
        // A server without ALPN speaks what it always spoke, and that is not HTTP/2 (RFC 9113 §3.3).
        if self.http2.is_some() && stream.get_ref().1.alpn_protocol() != Some(H2) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotHttp2));
        }
        Ok(Socket::Tls(Box::new(stream)))
    }
}

/// The error of a handshake, with what to do about it.
pub(super) fn explain(error: io::Error) -> io::Error {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(tls) => io::Error::new(error.kind(), TlsFailed { error: tls.clone() }),
        None => error,
    }
}
