//! The handshake: a TLS socket out of a plain one, within a deadline. Whoever fails is counted and let go;
//! strangers fail all day long, so nothing of it is written to the log above `debug`.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use rustls::{Error, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::edge::bare::{bare, fresh_id};
use crate::edge::wire::Wire;
use crate::http::refusal::Refusal;
use crate::observe::metrics::Metrics;

/// How each TLS record of a handshake begins (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;
/// How long somebody who speaks plain HTTP here may take to read that it is the wrong port.
const GOODBYE: Duration = Duration::from_secs(1);

/// Shakes hands; none if that came to nothing.
pub(super) async fn shake(
    socket: TcpStream,
    terms: Arc<ServerConfig>,
    patience: Duration,
    metrics: &Metrics,
) -> Option<Box<TlsStream<Wire>>> {
    let Ok(outcome) = tokio::time::timeout(patience, attempt(socket, terms)).await else {
        metrics.tls_handshakes.count("timeout");
        metrics.timeouts.count("tls_handshake");
        tracing::debug!("a TLS handshake did not end in time");
        return None;
    };
    match outcome {
        Ok(stream) => {
            metrics.tls_handshakes.count("ok");
            Some(Box::new(stream))
        }
        Err(Failure::Handshake(error)) => {
            metrics.tls_handshakes.count(kind(&error));
            tracing::debug!(error = %error, "a TLS handshake failed");
            None
        }
        Err(Failure::Plain(socket)) => {
            metrics.tls_handshakes.count("not_tls");
            metrics.refusals.count(Refusal::TlsRequired.code());
            // A client this lost may not read either.
            let _told = tokio::time::timeout(GOODBYE, tell(socket)).await;
            None
        }
    }
}

enum Failure {
    Handshake(io::Error),
    /// Not a byte of TLS.
    Plain(TcpStream),
}

async fn attempt(socket: TcpStream, terms: Arc<ServerConfig>) -> Result<TlsStream<Wire>, Failure> {
    let mut first = [0];
    let seen = socket.peek(&mut first).await.map_err(Failure::Handshake)?;
    if seen > 0 && first != [HANDSHAKE] {
        return Err(Failure::Plain(socket));
    }
    TlsAcceptor::from(terms)
        .accept(Wire::new(socket))
        .await
        .map_err(Failure::Handshake)
}

/// The words of `portcullis_tls_handshakes_total`, from the operator's side.
fn kind(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(_)) => "rejected",
        Some(Error::PeerIncompatible(_) | Error::NoApplicationProtocol) => "incompatible",
        Some(_) => "invalid",
        None => "closed",
    }
}

/// In the clear, as it was asked: 400. What still comes is read away, since a socket closed over unread bytes
/// takes back what was sent.
async fn tell(mut socket: TcpStream) -> io::Result<()> {
    socket
        .write_all(&bare(&Refusal::TlsRequired, &fresh_id()))
        .await?;
    socket2::SockRef::from(&socket).shutdown(Shutdown::Write)?;
    let mut unread = [0; 1024];
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_whose_they_are() {
        let of = |error: Error| kind(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert_eq!(
            of(Error::AlertReceived(rustls::AlertDescription::UnknownCA)),
            "rejected"
        );
        assert_eq!(of(Error::NoApplicationProtocol), "incompatible");
        assert_eq!(of(Error::DecryptError), "invalid");
        assert_eq!(kind(&io::ErrorKind::UnexpectedEof.into()), "closed");
    }
}
