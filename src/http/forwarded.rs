//! What the upstream is told about the client: one truth in the headers backends commonly read.
//! Nothing a stranger wrote in their place survives, under any spelling. `Forwarded` (RFC 7239) is dropped and
//! not written: an upstream that reads both would have two answers.

use std::fmt::Write;
use std::net::IpAddr;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::client::{
    Caller, Hop, MAX_HOPS, Trust, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PORT, X_FORWARDED_PROTO,
    walk,
};
use crate::http::host;
use crate::http::message::Lines;

const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What the connection itself says.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The socket's other end.
    pub peer: IpAddr,
    /// The same as [`written`].
    pub peer_written: &'a HeaderValue,
    /// Whether it spoke TLS to us.
    pub https: bool,
    /// The request's authority as received: the `Host` header, or that of an absolute target.
    pub host: Option<&'a HeaderValue>,
}

/// Says what is known of the request's way here: `X-Real-IP`, `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`.
/// What it [says](crate::http::proxy_headers) of that itself was left out before; `received` is where the way is read from.
pub fn write(lines: &mut Lines, received: &HeaderMap, arrival: &Arrival<'_>, caller: &Caller, trust: &Trust) {
    let (real_ip, forwarded_for) = addresses(received, arrival, caller, trust);
    let https = caller.https.unwrap_or(arrival.https);
    let proto = HeaderValue::from_static(if https { "https" } else { "http" });
    lines.push(X_REAL_IP, real_ip);
    lines.push(X_FORWARDED_FOR, forwarded_for);
    lines.push(X_FORWARDED_PROTO, proto);
    lines.push(X_FORWARDED_PORT, port(caller, arrival, https));
    if let Some(host) = caller.host.as_ref().or(arrival.host) {
        lines.push(X_FORWARDED_HOST, host.clone());
    }
}

/// The client, and the way from the client to us: entries are written anew, so that no port, no odd spelling and
/// nothing left of the client reaches the upstream.
fn addresses(
    received: &HeaderMap,
    arrival: &Arrival<'_>,
    caller: &Caller,
    trust: &Trust,
) -> (HeaderValue, HeaderValue) {
    if caller.hops == 0 {
        return (arrival.peer_written.clone(), arrival.peer_written.clone());
    }
    let real_ip = written(caller.ip);
    let mut way = [caller.ip; MAX_HOPS];
    let mut length = 0;
    for (slot, hop) in way.iter_mut().zip(walk(received, trust)) {
        let (Hop::Trusted(ip) | Hop::Client(ip)) = hop else {
            break;
        };
        *slot = ip;
        length += 1;
    }
    let mut text = BytesMut::with_capacity(24 * (length + 1));
    for ip in way.iter().take(length).rev() {
        spell(&mut text, *ip);
        text.extend_from_slice(b", ");
    }
    spell(&mut text, arrival.peer.to_canonical());
    (real_ip, value(text))
}

/// The port the client connected to, not ours: behind Docker's `80:8080` ours is 8080 and means nothing outside.
fn port(caller: &Caller, arrival: &Arrival<'_>, https: bool) -> HeaderValue {
    if let Some(port) = caller.port {
        return HeaderValue::from(port);
    }
    let host = caller.host.as_ref().or(arrival.host).map(HeaderValue::as_bytes);
    // An authority that was judged already: what follows its last colon is a port, or the end of an IPv6 literal.
    let named = host.and_then(|host| host.get(host.iter().rposition(|byte| *byte == b':')? + 1..));
    named
        .filter(|port| host::port(port).is_some())
        .and_then(|port| HeaderValue::from_bytes(port).ok())
        .unwrap_or(HeaderValue::from_static(if https { "443" } else { "80" }))
}

/// An address as the value of a header.
pub fn written(ip: IpAddr) -> HeaderValue {
    let mut text = BytesMut::with_capacity(40);
    spell(&mut text, ip.to_canonical());
    value(text)
}

/// IPv4 digit by digit, which takes half as long as the formatter.
fn spell(text: &mut BytesMut, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => {
            for (at, octet) in v4.octets().into_iter().enumerate() {
                text.extend_from_slice(if at == 0 { b"" } else { b"." });
                text.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            }
        }
        IpAddr::V6(v6) => write!(text, "{v6}").expect("a growing buffer takes any text"),
    }
}

fn value(text: BytesMut) -> HeaderValue {
    HeaderValue::from_maybe_shared(text.freeze()).expect("addresses are visible ASCII")
}

#[cfg(test)]
mod tests;
