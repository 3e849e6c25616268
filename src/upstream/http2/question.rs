//! The health of a gRPC server, asked as `grpc.health.v1` has it: one call, on a connection of its own. The two
//! messages are a field each, so they are written and read here.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt, Limited};

use crate::http::body::Body;
use crate::http::message::Message;
use crate::http::pace::Pace;
use crate::upstream::http2::head::part;
use crate::upstream::http2::incoming::Incoming;
use crate::upstream::http2::link::Link;
use crate::upstream::http2::outgoing::Source;
use crate::upstream::now;
use crate::upstream::transport::{Health, Http2, Transport};

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// `HealthCheckResponse { status: SERVING }`, behind the five bytes of a gRPC message (RFC: gRPC over HTTP2).
const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 0x08, 1];
/// Longer answers are none.
const LONGEST: usize = 4096;

/// Whether the server accepts a connection, by the moment given, and speaks HTTP/2 if it shall.
pub(in crate::upstream) async fn greets(
    transport: &Transport,
    address: SocketAddr,
    by: Instant,
) -> io::Result<()> {
    match &transport.http2 {
        Some(terms) => Link::open(transport, terms, address, by).await.map(drop),
        None => transport.open(address, &[], by).await.map(drop),
    }
}

/// Whether the service is `SERVING`, by the moment given.
pub(in crate::upstream) async fn serves(
    transport: &Transport,
    health: &Health,
    address: SocketAddr,
    by: Instant,
) -> io::Result<()> {
    let asked = ask(transport, health, address, by);
    tokio::time::timeout_at(by.into(), asked)
        .await
        .unwrap_or_else(|_| {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no answer to the health check",
            ))
        })
}

async fn ask(transport: &Transport, health: &Health, address: SocketAddr, by: Instant) -> io::Result<()> {
    let link = Link::open(transport, &Http2::default(), address, by).await?;
    let seat = link
        .seat(false, now())
        .ok_or_else(|| io::Error::other("the server takes no streams"))?;
    let body = Body::from(question(&health.service));
    let mut message = Message::new(Method::POST, PathAndQuery::from_static(CHECK), body);
    let host = HeaderValue::try_from(address.to_string()).map_err(io::Error::other)?;
    let kind = HeaderValue::from_static("application/grpc");
    message.lines.push(header::HOST, host);
    message.lines.push(header::CONTENT_TYPE, kind);
    let (head, body) = part(message, transport.tls.is_some()).map_err(io::Error::other)?;
    let source = Source::new(body).ok_or_else(|| io::Error::other("no question"))?;
    let asked = seat.send(head, source.begin()).map_err(io::Error::other)?;
    let (parts, body) = asked.await.map_err(io::Error::other)?.into_parts();
    let body = Incoming::begin(body, &parts, None);
    let body = Body::streamed(body, Pace::default(), None);
    let body = Limited::new(body, LONGEST)
        .collect()
        .await
        .map_err(io::Error::other)?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    judge(&parts.headers, &trailers, &body.to_bytes())
}

/// `HealthCheckRequest { service }` behind the five bytes of a gRPC message.
fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0A);
        let mut length = service.len();
        while length > 0x7F {
            message.push(u8::try_from(length & 0x7F).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        message.push(u8::try_from(length).unwrap_or_default());
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0], &length[..], &message].concat()
}

fn judge(headers: &HeaderMap, trailers: &HeaderMap, message: &Bytes) -> io::Result<()> {
    let status = trailers.get("grpc-status").or_else(|| headers.get("grpc-status"));
    match status.map(HeaderValue::as_bytes) {
        Some(b"0") if **message == SERVING => Ok(()),
        Some(b"0") => Err(io::Error::other("the service is not serving")),
        Some(b"5") => Err(io::Error::other(
            "the server does not know the service of `health.grpc`",
        )),
        Some(b"12") => Err(io::Error::other(
            "the server has no health service: leave out `health`",
        )),
        Some(_) => Err(io::Error::other("the health check failed")),
        None => Err(io::Error::other("the answer to the health check is no gRPC")),
    }
}

/// How long a server may take to accept, where no health check says more.
pub(in crate::upstream) const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_the_service() {
        assert_eq!(question(""), [0, 0, 0, 0, 0]);
        assert_eq!(question("a.B"), [0, 0, 0, 0, 5, 0x0A, 3, b'a', b'.', b'B']);
        let long = question(&"x".repeat(300));
        assert_eq!(long.get(..8), Some(&[0, 0, 0, 1, 47, 0x0A, 0xAC, 0x02][..]));
    }

    #[test]
    fn only_serving_counts() {
        let said = |status: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static(status),
            )])
        };
        let none = HeaderMap::new();
        assert!(judge(&none, &said("0"), &Bytes::from_static(&SERVING)).is_ok());
        assert!(judge(&none, &said("0"), &Bytes::from_static(&[0, 0, 0, 0, 2, 8, 2])).is_err());
        assert!(judge(&said("12"), &none, &Bytes::new()).is_err());
        assert!(judge(&none, &none, &Bytes::from_static(&SERVING)).is_err());
    }
}
