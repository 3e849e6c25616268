//! The innermost service: the request as the upstream gets it, the attempt, and the answer as the client
//! gets it. Bodies stream both ways; nothing is held back to see more of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use http::{HeaderMap, HeaderValue, StatusCode, Version, header};

use crate::gateway::route::{Route, Target};
use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::extended_connect;
use crate::http::flow::{End, Watch};
use crate::http::grpc;
use crate::http::hop;
use crate::http::message::Message;
use crate::http::pace::Pace;
use crate::http::proxy_protocol;
use crate::http::refusal::{Blame, Refusal};
use crate::http::upgrade;
use crate::http::vet::Fault;
use crate::observe::metrics;
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::upstream::Upstream;
use crate::upstream::http2::Stream;
use crate::upstream::line::Line;
use crate::upstream::send::{self, Errand, send};

mod call;
mod edits;
mod outgoing;

use outgoing::{Plan, Received};

pub(super) use outgoing::outgoing;

/// Forwards a request to its upstream.
pub async fn forward(mut passage: Held) -> Result<Reply, Refused> {
    if !matches!(passage.place.route().target, Target::Upstream(_)) {
        return by_itself(passage);
    }
    let (message, plan) = match outgoing(&mut passage) {
        Ok(outgoing) => outgoing,
        Err(refusal) => return Err(Refused { passage, refusal }),
    };
    let mut outcome = attempt(&mut passage, &mut Some(message), &plan).await;
    let hints = &passage.exchange.connection.phase.hints;
    if hints.any() {
        // They are written when this task next waits; after the answer they would be another's. Meanwhile the answer is in a
        // box, as few have hints before them and all would carry the room for it.
        let answer = Box::new(outcome);
        tokio::task::yield_now().await;
        hints.take();
        outcome = *answer;
    }
    match outcome {
        Ok(answer) => answered(passage, answer),
        Err(error) => {
            report(&passage, &error);
            let refusal = call::name_deadline(&passage, error.refusal);
            Err(Refused { passage, refusal })
        }
    }
}

/// Asks the upstream, until there is the head of an answer.
async fn attempt(
    passage: &mut Passage,
    message: &mut Option<Message>,
    plan: &Plan,
) -> Result<send::Answer, send::AttemptError> {
    let waits = waits(passage);
    let Passage {
        exchange,
        place,
        trace,
        upload,
        consent,
        ..
    } = passage;
    let place = &*place;
    let Target::Upstream(upstream) = &place.route().target else {
        return Err(Refusal::Internal.into());
    };
    let received = Received {
        head: &exchange.head,
        connection: &exchange.connection,
        client: &exchange.client,
        request_id: &exchange.request_id,
        trace,
    };
    // Clients of HTTP/1.0 know no interim answers (RFC 9110 §15.2), and hyper writes none in HTTP/2.
    let interim = exchange.head.version == Version::HTTP_11;
    let errand = Errand {
        upload: upload.as_ref(),
        worker: exchange.connection.worker,
        waits: send::Waits {
            hints: interim.then_some(&exchange.connection.phase.hints),
            ..waits
        },
        piece: piece(exchange.head.version),
        consent: consent.as_deref(),
        again: &move || received.message(plan, place).ok(),
        client: announced(upstream, exchange),
    };
    let outcome = send(upstream, message, &errand, &mut exchange.notes.trip).await;
    if let Some(consent) = errand.consent {
        consent.settle();
    }
    outcome
}

/// How long the answer is waited for.
fn waits(passage: &Passage) -> send::Waits<'static> {
    let route = passage.place.route();
    if passage.grpc {
        return call::waits(passage, route);
    }
    send::Waits {
        response_head: route.waits.response_head,
        total: route.waits.total.map(|total| passage.exchange.arrived + total),
        hints: None,
    }
}

/// What becomes of an answer, by its head.
fn answered(mut passage: Held, answer: send::Answer) -> Result<Reply, Refused> {
    let status = answer.head.status;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(switch(passage, answer));
    }
    if extended_connect::misleads(&passage.exchange.head, status) {
        let refusal = Refusal::UpstreamInvalid(Fault::Switch);
        return Err(Refused { passage, refusal });
    }
    let pace = match admit_stream(&mut passage, &answer) {
        Ok(pace) => pace,
        Err(refusal) => return Err(Refused { passage, refusal }),
    };
    let mut response = incoming(answer, pace);
    let upload = passage.upload.as_ref();
    if upload.is_some_and(|upload| !upload.is_complete()) {
        // The rest of the body may never be read, and what comes after it could not be told from it: the
        // client is told not to ask again on this connection (RFC 9112 §9.6).
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if passage.ledger.stream.is_some() {
        let closing = passage.exchange.connection.closing.clone();
        let body = std::mem::take(response.body_mut());
        *response.body_mut() = body.until(closing);
    }
    Ok(Reply { passage, response })
}

/// How much of an answer is held on its way: a client of HTTP/2 may ask for a hundred at once and take none.
fn piece(version: Version) -> usize {
    if version == Version::HTTP_2 {
        16 * 1024
    } else {
        64 * 1024
    }
}

/// Whose request it is, as everywhere else, and where it came in, for servers that are told. Behind a trusted proxy
/// nobody knows the client's port.
fn announced(upstream: &Upstream, exchange: &Exchange) -> Vec<u8> {
    let Some(version) = upstream.announces() else {
        return Vec::new();
    };
    let connection = &exchange.connection;
    let client = if exchange.client.ip == connection.peer.ip() {
        connection.peer
    } else {
        SocketAddr::new(exchange.client.ip, 0)
    };
    // Unknown to connections from before a reload that made it known.
    let unknown = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    proxy_protocol::write(version, client, connection.local.unwrap_or(unknown))
}

/// The answer of a route that asks nobody.
fn by_itself(mut passage: Held) -> Result<Reply, Refused> {
    let answer = match &passage.place.route().target {
        Target::Redirect(redirect) => redirect.answer(&passage.exchange),
        Target::Respond(fixed) => Ok(fixed.answer()),
        Target::Upstream(_) | Target::Nowhere => Err(passage.miss.take().unwrap_or(Refusal::NotFound)),
    };
    match answer {
        Ok(response) => Ok(Reply { passage, response }),
        Err(refusal) => Err(Refused { passage, refusal }),
    }
}

/// How the body of this answer must flow. A stream stays open on purpose, so it counts among the client's
/// streams and no longer among its requests in flight.
fn admit_stream(passage: &mut Passage, answer: &send::Answer) -> Result<Pace, Refusal> {
    let (exchange, route) = (&mut passage.exchange, passage.place.route());
    // An upgrade that was not granted is an ordinary answer.
    exchange.permits.stream = None;
    // What is complete already is no stream: a gRPC answer of trailers only.
    let Some(stream) = stream_of(&answer.head.headers).filter(|_| !answer.body.is_over()) else {
        return Ok(route.waits.response);
    };
    let now = Instant::now();
    take_stream(exchange, route, now)?;
    exchange.permits.in_flight = None;
    passage.ledger.stream = Some(route.metrics.stream(stream));
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
fn switch(mut passage: Held, answer: send::Answer) -> Reply {
    passage.exchange.permits.in_flight = None;
    let metrics = &passage.place.route().metrics;
    passage.ledger.stream = Some(metrics.stream(metrics::Stream::WebSocket));
    if let Line::Switched(link) = answer.line {
        passage.switched = Some(link);
    }
    let mut response = Response::from_parts(answer.head, Body::Empty);
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    hop::strip_response(headers);
    // A 101 has no body (RFC 9110 §15.2); whoever believed in one would take frames for it.
    headers.remove(header::CONTENT_LENGTH);
    upgrade::dress(headers);
    Reply { passage, response }
}

/// The answer, its body paced and its connection given back at the end.
fn incoming(answer: send::Answer, pace: Pace) -> Response {
    let watch: Option<Box<dyn Watch>> = match answer.line {
        Line::Shared(stream) => Some(Box::new(Returning(stream))),
        Line::Own | Line::Switched(_) => None,
    };
    let mut response = Response::from_parts(answer.head, Body::streamed(answer.body, pace, watch));
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    hop::strip_response(headers);
    response
}

/// Gives the stream back once the answer has been read to its end; whatever else happens ends it.
struct Returning(Stream);

impl Watch for Returning {
    fn passed(&mut self, _bytes: u64) {}

    fn ended(self: Box<Self>, end: End) {
        self.0.finish(end == End::Complete);
    }
}

/// Server-sent events (WHATWG HTML §9.2) and calls stay open on purpose: silence on them is no fault.
fn stream_of(headers: &HeaderMap) -> Option<metrics::Stream> {
    let kind = headers.get(header::CONTENT_TYPE)?.as_bytes();
    if kind
        .get(..17)
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
    {
        return Some(metrics::Stream::Sse);
    }
    grpc::is_stream(headers).then_some(metrics::Stream::Grpc)
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
        reason = error.refusal.reason(),
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
