//! A request to test a rule with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Request};

use crate::http::client::Caller;
use crate::http::exchange::{Connection, Exchange, Notes, Permits, Pinned};
use crate::http::forwarded;
use crate::http::gzip::encoders::Encoders;
use crate::http::handover::Handover;
use crate::http::phase::Phase;
use crate::http::unread::Unread;

/// A request with this method and target, without headers, from 192.0.2.1.
pub(crate) fn exchange(method: &str, target: &str) -> Exchange {
    let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let (head, ()) = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .expect("a request")
        .into_parts();
    Exchange {
        head,
        body_length: Some(0),
        connection: Arc::new(Connection {
            peer: SocketAddr::new(ip, 50_000),
            peer_written: forwarded::written(ip),
            local: None,
            worker: 0,
            secure: false,
            sni: None,
            names: Arc::default(),
            entrance: crate::http::exchange::Entrance::Public,
            redirect_to_https: None,
            max_target: 8192,
            max_headers: 100,
            phase: Arc::new(Phase::new(Instant::now())),
            handover: Handover::default(),
            pinned: Pinned::default(),
            unread: Unread::default(),
            encoders: Encoders::default(),
            closing: tokio::sync::watch::channel(false).1,
        }),
        client: Caller {
            ip,
            peer_trusted: false,
            hops: 0,
            https: None,
            host: None,
            port: None,
        },
        request_id: HeaderValue::from_static("test-request-id"),
        arrived: Instant::now(),
        permits: Permits::default(),
        notes: Notes::default(),
    }
}

/// The same with one header more.
pub(crate) fn with(mut exchange: Exchange, name: &'static str, value: &'static str) -> Exchange {
    exchange
        .head
        .headers
        .append(HeaderName::from_static(name), HeaderValue::from_static(value));
    exchange
}
