//! The innermost service: the request as the upstream gets it, the attempt, and the answer as the client
//! gets it. Bodies stream both ways; nothing is held back to see more of it.

use std::time::Instant;

use http::{HeaderValue, Request, StatusCode, Version, header, response};

use crate::gateway::route::{Route, Target};
use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::extended_connect;
use crate::http::flow::{End, Watch};
use crate::http::forwarded;
use crate::http::hop;
use crate::http::pace::Pace;
use crate::http::refusal::{Blame, Refusal};
use crate::http::request_id::X_REQUEST_ID;
use crate::http::upgrade::{self, Handshake};
use crate::observe::metrics::Stream;
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::upstream::lease::Lease;
use crate::upstream::send::{self, send};
use crate::upstream::watch::Upload;

mod edits;

/// Forwards a request to its upstream.
pub async fn forward(mut passage: Held) -> Result<Reply, Refused> {
    let place = passage.place.clone();
    let route = place.route();
    let Target::Upstream(upstream) = &route.target else {
        return by_itself(passage, &route.target);
    };
    let request = match outgoing(&mut passage, route) {
        Ok(request) => request,
        Err(refusal) => return Err(Refused { passage, refusal }),
    };
    let waits = send::Waits {
        response_head: route.waits.response_head,
        total: route.waits.total.map(|total| passage.exchange.arrived + total),
    };
    let (worker, upload) = (passage.exchange.connection.worker, passage.upload.clone());
    match send(
        upstream,
        request,
        upload,
        worker,
        &waits,
        &mut passage.exchange.notes.trip,
    )
    .await
    {
        Ok(answer) if answer.0.status == StatusCode::SWITCHING_PROTOCOLS => Ok(switch(passage, answer)),
        Ok(answer) if extended_connect::misleads(&passage.exchange.head, answer.0.status) => Err(Refused {
            passage,
            refusal: Refusal::UpstreamInvalid,
        }),
        Ok(answer) => match admit_stream(&mut passage, route, &answer.0) {
            Ok(pace) => Ok(Reply {
                response: incoming(answer, pace),
                passage,
            }),
            Err(refusal) => Err(Refused { passage, refusal }),
        },
        Err(error) => {
            report(&passage, &error);
            Err(Refused {
                passage,
                refusal: error.refusal,
            })
        }
    }
}

/// The answer of a route that asks nobody.
fn by_itself(mut passage: Held, target: &Target) -> Result<Reply, Refused> {
    let answer = match target {
        Target::Redirect(redirect) => redirect.answer(&passage.exchange),
        Target::Respond(fixed) => Ok(fixed.answer()),
        Target::Upstream(_) | Target::Nowhere => Err(passage.miss.take().unwrap_or(Refusal::NotFound)),
    };
    match answer {
        Ok(response) => Ok(Reply { passage, response }),
        Err(refusal) => Err(Refused { passage, refusal }),
    }
}

/// One normalised request: no hop-by-hop headers, no stranger's word on where it came from.
pub(super) fn outgoing(passage: &mut Passage, route: &Route) -> Result<Request<Body>, Refusal> {
    let exchange = &mut passage.exchange;
    let mut request = Request::new(Body::Empty);
    *request.method_mut() = exchange.head.method.clone();
    let (target, stripped) = edits::target(route, &exchange.head.uri)?;
    *request.uri_mut() = target;
    *request.version_mut() = Version::HTTP_11;
    let mut headers = std::mem::take(&mut exchange.head.headers);
    if hop::strip_request(&mut headers).map_err(|_| Refusal::ConnectionHeader)?
        && let Some(handshake) = Handshake::of(
            &exchange.head.method,
            exchange.head.version,
            &headers,
            passage.body.is_none(),
        )
    {
        take_stream(exchange, route, Instant::now())?;
        upgrade::dress(&mut headers);
        request.extensions_mut().insert(handshake);
    }
    let host = headers.get(header::HOST).cloned();
    let arrival = forwarded::Arrival {
        peer: exchange.connection.peer.ip(),
        https: exchange.connection.secure,
        host: host.as_ref(),
    };
    forwarded::rewrite(
        &mut headers,
        &arrival,
        &exchange.client,
        &passage.place.snapshot.trust,
    );
    headers.insert(X_REQUEST_ID, exchange.request_id.clone());
    passage.trace.write(&mut headers);
    // Whoever expects 100-continue is told to go on by our reading; the upstream gets the body at once.
    headers.remove(header::EXPECT);
    if host.is_none() {
        // Only HTTP/1.0 comes without (RFC 9112 §3.2); the upstream speaks 1.1 and needs one.
        let target = exchange
            .head
            .uri
            .authority()
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        headers.insert(
            header::HOST,
            target.unwrap_or(HeaderValue::from_static("localhost")),
        );
    }
    edits::headers(route, exchange, host.as_ref(), stripped, &mut headers);
    *request.headers_mut() = headers;
    if let Some(body) = passage.body.take() {
        let upload = Upload::new();
        *request.body_mut() = Body::streamed(body, route.waits.request, Some(upload.watch()));
        passage.upload = Some(upload);
    }
    Ok(request)
}

/// How the body of this answer must flow. A stream stays open on purpose, so it counts among the client's
/// streams and no longer among its requests in flight.
fn admit_stream(passage: &mut Passage, route: &Route, head: &response::Parts) -> Result<Pace, Refusal> {
    // An upgrade that was not granted is an ordinary answer.
    passage.exchange.permits.stream = None;
    if !is_stream(&head.headers) {
        return Ok(route.waits.response);
    }
    let now = Instant::now();
    take_stream(&mut passage.exchange, route, now)?;
    passage.exchange.permits.in_flight = None;
    passage.ledger.stream = Some(route.metrics.stream(Stream::Sse));
    Ok(Pace {
        until: route.waits.stream_max.map(|most| now + most),
        ..route.waits.stream
    })
}

/// A place among the client's open streams.
fn take_stream(exchange: &mut Exchange, route: &Route, now: Instant) -> Result<(), Refusal> {
    let Some(rule) = &route.streams else {
        return Ok(());
    };
    let permit = rule
        .clients
        .take(exchange.client.ip, rule.ipv6_prefix, rule.most, now);
    exchange.permits.stream = Some(permit.ok_or(Refusal::TooManyStreams)?);
    Ok(())
}

/// The consent to an upgrade: the request is a stream from here on, and its connections are left to it.
fn switch(mut passage: Held, (parts, _empty, lease): send::Answer) -> Reply {
    passage.exchange.permits.in_flight = None;
    let metrics = &passage.place.route().metrics;
    passage.ledger.stream = Some(metrics.stream(Stream::WebSocket));
    passage.switched = Some(lease);
    let mut response = Response::from_parts(parts, Body::Empty);
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    hop::strip_response(headers);
    // A 101 has no body (RFC 9110 §15.2); whoever believed in one would take frames for it.
    headers.remove(header::CONTENT_LENGTH);
    upgrade::dress(headers);
    Reply { passage, response }
}

/// The answer, its body paced and its connection given back at the end.
fn incoming((parts, body, lease): send::Answer, pace: Pace) -> Response {
    let mut response = Response::from_parts(
        parts,
        Body::streamed(body, pace, Some(Box::new(Returning(lease)))),
    );
    *response.version_mut() = Version::HTTP_11;
    hop::strip_response(response.headers_mut());
    response
}

/// Gives the connection back once the answer has been read to its end; whatever else happens ends it.
struct Returning(Lease);

impl Watch for Returning {
    fn passed(&mut self, _bytes: u64) {}

    fn ended(self: Box<Self>, end: End) {
        self.0.finish(end == End::Complete);
    }
}

/// Server-sent events stay open on purpose (WHATWG HTML §9.2): silence on them is no fault.
fn is_stream(headers: &http::HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .get(..17)
            .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
    })
}

/// The client is told the code; the log is told the rest. What the client itself broke off is its own affair.
fn report(passage: &Passage, error: &send::AttemptError) {
    if error.refusal.blame() == Blame::Client {
        return;
    }
    let source = error
        .source
        .as_ref()
        .map(|source| chain(source.as_ref()))
        .unwrap_or_default();
    tracing::warn!(
        request_id = passage.exchange.request_id.to_str().unwrap_or_default(),
        route = &*passage.place.route().endpoint,
        server = passage.exchange.notes.trip.server.map(tracing::field::display),
        refusal = error.refusal.code(),
        error = source,
        "the upstream did not answer"
    );
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        words.push_str(": ");
        words.push_str(&source.to_string());
        next = source.source();
    }
    words
}
