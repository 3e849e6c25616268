//! The clock and the books: every answer says how long it took and which request it is; every request
//! is counted and logged once, when its last byte has left or its client is gone.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::FutureExt;
use futures_util::future::Map;
use http::{HeaderName, HeaderValue, Version};
use tower::{Layer, Service};

use crate::http::exchange::Response;
use crate::http::extended_connect;
use crate::http::h2;
use crate::http::request_id::{X_REQUEST_ID, once};
use crate::stack::passage::{Held, Passage, Reply};
use crate::stack::tunnel::Tunnel;
use crate::upstream::tunnel::Link;

const X_RESPONSE_TIME_MS: HeaderName = HeaderName::from_static("x-response-time-ms");
const X_PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");

/// The line of the stack.
pub fn layer() -> AccountLayer {
    AccountLayer
}

/// Made by [`layer`].
#[derive(Clone, Copy)]
pub struct AccountLayer;

/// Keeps the account of every request.
#[derive(Clone)]
pub struct Account<N>(N);

impl<N> Layer<N> for AccountLayer {
    type Service = Account<N>;

    fn layer(&self, next: N) -> Self::Service {
        Account(next)
    }
}

type Outcome<T> = Result<T, Infallible>;

impl<N> Service<Held> for Account<N>
where
    N: Service<Held, Response = Reply, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Map<N::Future, fn(Outcome<Reply>) -> Outcome<Response>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, passage: Held) -> Self::Future {
        self.0.call(passage).map(|outcome| outcome.map(settle))
    }
}

/// The head of the answer is known: dress and count it, and let the passage ride with the body to its end.
fn settle(reply: Reply) -> Response {
    let Reply {
        mut passage,
        mut response,
    } = reply;
    let took = Instant::now() - passage.exchange.arrived;
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, passage.exchange.request_id.clone());
    let (millis, seconds) = timings(took);
    headers.insert(X_RESPONSE_TIME_MS, millis);
    headers.insert(X_PROCESS_TIME, seconds);
    if passage.exchange.head.version == Version::HTTP_2 {
        h2::fit(&passage.exchange.head.method, &mut response);
    }
    passage.head_known(response.status(), took);
    if let Some(link) = passage.switched.take() {
        switch(passage, link, &mut response);
    } else {
        if response.body().is_streamed() {
            expect(&passage);
        }
        passage.ride(&mut response);
    }
    response
}

/// How the client must take the body, while there is one to come.
fn expect(passage: &Passage) {
    let waits = &passage.place.route().waits;
    let (stall, min_rate) = if passage.ledger.stream.is_some() {
        (waits.stream.idle, None)
    } else {
        (waits.client_stall, waits.min_rate)
    };
    passage.exchange.connection.phase.expects(stall, min_rate);
    if let Some(stream) = &passage.stream {
        stream.progress.begin(stall);
    }
}

/// The request goes on as a tunnel: over its connection, or over its stream where that is all it has.
fn switch(mut passage: Held, link: Box<Link>, response: &mut Response) {
    if passage.exchange.head.version != Version::HTTP_2 {
        let connection = Arc::clone(&passage.exchange.connection);
        return connection.handover.leave(Box::new(Tunnel::new(passage, link)));
    }
    extended_connect::fold(response);
    if let Some(stream) = passage.stream.as_mut().and_then(|stream| stream.tunnel.take()) {
        tokio::spawn(Tunnel::new(passage, link).over_stream(stream));
    }
}

/// `X-Response-Time-ms` and `X-Process-Time` (seconds): until the head of the answer (seed rows 1-16, 2-09; trap T16).
fn timings(took: Duration) -> (HeaderValue, HeaderValue) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let mut text = BytesMut::with_capacity(48);
    write_point::<3>(&mut text, micros, 1000);
    let middle = text.len();
    write_point::<6>(&mut text, micros, 1_000_000);
    let text = text.freeze();
    (once(text.slice(..middle)), once(text.slice(middle..)))
}

/// Appends `micros / unit` with `N` decimals.
fn write_point<const N: usize>(text: &mut BytesMut, micros: u64, unit: u64) {
    text.extend_from_slice(itoa::Buffer::new().format(micros / unit).as_bytes());
    text.extend_from_slice(b".");
    let (mut decimals, mut rest) = ([b'0'; N], micros % unit);
    for digit in decimals.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    text.extend_from_slice(&decimals);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_timing_headers_tell_the_same_time_in_their_units() {
        let (millis, seconds) = timings(Duration::from_micros(1_234_567));
        assert_eq!(millis, "1234.567");
        assert_eq!(seconds, "1.234567");
    }
}
