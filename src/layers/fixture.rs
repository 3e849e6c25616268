//! A request to test a rule with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Request};
use tokio::sync::watch;

use crate::http::client::Caller;
use crate::http::connection::{Connection, Facts};
use crate::http::exchange::{Exchange, Notes, Permits};
use crate::http::memory::Memory;

/// A request with this method and target, without headers, from 192.0.2.1.
pub(crate) fn exchange(method: &str, target: &str) -> Exchange {
    let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let (head, ()) = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .expect("a request")
        .into_parts();
    let facts = Facts::new(SocketAddr::new(ip, 50_000), watch::channel(false).1);
    Exchange {
        head,
        body_length: Some(0),
        connection: Arc::new(Connection::new(facts, Memory::new(1).open(0), Instant::now())),
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
