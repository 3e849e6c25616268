//! The answer as the client gets it: its body paced, and what it means for the request that it answers, which may be a
//! stream from here on. It is passed on as it comes; the layers outside dress it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use tokio::sync::watch;

use super::take_stream;
use crate::http::body::Body;
use crate::http::exchange::Response;
use crate::http::goodbye::Parting;
use crate::http::grpc;
use crate::http::hop;
use crate::http::login;
use crate::http::media;
use crate::http::memory::Account;
use crate::http::pace::Pace;
use crate::http::refusal::Refusal;
use crate::http::upgrade;
use crate::http::vet::Fault;
use crate::observe::metrics;
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::upstream::errand::Answer;
use crate::upstream::line::Line;

/// What becomes of a request, by the head of its answer. `gathered` is what was read of its body.
pub(super) fn answered(mut passage: Held, answer: Answer, gathered: Bytes) -> Result<Reply, Refused> {
    let status = answer.head.status;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return switch(passage, answer);
    }
    // To a CONNECT every 2xx is a consent (RFC 8441 §5).
    if status.is_success() && passage.is_connect() {
        let refusal = Refusal::UpstreamInvalid(Fault::Switch);
        return Err(Refused { passage, refusal });
    }
    if status == StatusCode::UNAUTHORIZED && needs_http1(&passage, &answer.head.headers) {
        let refusal = Refusal::LoginOverHttp2;
        return Err(Refused { passage, refusal });
    }
    let pace = match admit_stream(&mut passage, &answer) {
        Ok(pace) => pace,
        Err(refusal) => return Err(Refused { passage, refusal }),
    };
    let mut response = incoming(answer, pace, &passage.exchange.connection.memory);
    match response.body_mut() {
        _ if gathered.is_empty() => {}
        whole @ Body::Empty => *whole = Body::Full(gathered),
        body => body.push_front(gathered),
    }
    let upload = passage.upload.as_ref();
    if upload.is_some_and(|upload| !upload.is_complete()) {
        // The rest of the body may never be read, and what comes after it could not be told from it: the
        // client is told not to ask again on this connection (RFC 9112 §9.6).
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if let Some((until, parting)) = farewell(&passage, &response) {
        let body = std::mem::take(response.body_mut());
        *response.body_mut() = body.until(until, parting);
    }
    Ok(Reply { passage, response })
}

/// Whether the answer asks for a login that cannot be over the client's connection, and for no other.
fn needs_http1(passage: &Passage, headers: &HeaderMap) -> bool {
    let offer = login::offered(headers);
    passage.exchange.head.version == Version::HTTP_2 && offer.connection && !offer.others
}

/// How this answer ends when the gateway stops before the application ends it; only for what stays open on purpose, and for
/// what a client of HTTP/1.0 could take for whole.
fn farewell(passage: &Passage, response: &Response) -> Option<(watch::Receiver<bool>, Parting)> {
    let exchange = &passage.exchange;
    if passage.ledger.stream.is_some() {
        let early = passage.place.route().waits.ends_on_drain;
        let parting = response.headers().get(header::CONTENT_TYPE).filter(|_| early);
        match parting.and_then(|kind| media::stream(kind.as_bytes())) {
            Some(media::Stream::Events) => {
                return Some((exchange.connection.facts.closing.clone(), Parting::Event));
            }
            Some(media::Stream::Lines) => {
                return Some((exchange.connection.facts.closing.clone(), Parting::Line));
            }
            Some(media::Stream::Parts) | None => {}
        }
    } else if exchange.head.version != Version::HTTP_10 {
        return None;
    }
    Some((passage.lane.leaving.subscribe(), Parting::Cut))
}

/// How the body of this answer must flow. A stream stays open on purpose, so it counts among the client's
/// streams and no longer among its requests in flight.
fn admit_stream(passage: &mut Passage, answer: &Answer) -> Result<Pace, Refusal> {
    let (exchange, route) = (&mut passage.exchange, passage.place.route());
    // An upgrade that was not granted is an ordinary answer.
    exchange.permits.stream = None;
    // What is complete already is no stream: a gRPC answer of trailers only.
    let Some(stream) = stream_of(&answer.head.headers).filter(|_| !answer.body.is_over()) else {
        if route.waits.patient && answer.body.size_hint().exact().is_none() {
            passage.ledger.patient = true;
            return Ok(route.waits.stream);
        }
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

/// The consent to an upgrade: the request is a stream from here on, and its connections are left to it.
fn switch(mut passage: Held, answer: Answer) -> Result<Reply, Refused> {
    let upload = passage.upload.as_ref();
    let protocol = upgrade::named(&answer.head.headers).cloned();
    let Some(protocol) = protocol.filter(|_| upload.is_none_or(|upload| upload.is_complete())) else {
        // The rest of the request's body would be taken for the other protocol.
        let refusal = Refusal::UpstreamInvalid(Fault::Switch);
        return Err(Refused { passage, refusal });
    };
    passage.exchange.permits.in_flight = None;
    let metrics = &passage.place.route().metrics;
    let kind = if upgrade::names_websocket(&answer.head.headers) {
        metrics::Stream::WebSocket
    } else {
        metrics::Stream::Upgrade
    };
    passage.ledger.stream = Some(metrics.stream(kind));
    if let Line::Switched(link) = answer.line {
        passage.switched = Some(link);
    }
    let mut response = Response::from_parts(answer.head, Body::Empty);
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    hop::strip_response(headers);
    // A 101 has no body (RFC 9110 §15.2); whoever believed in one would take frames for it.
    headers.remove(header::CONTENT_LENGTH);
    upgrade::dress(headers, protocol);
    Ok(Reply { passage, response })
}

/// The answer, its body paced.
fn incoming(answer: Answer, pace: Pace, memory: &Arc<Account>) -> Response {
    let body = Body::streamed(answer.body, pace, None).held_by(memory);
    let mut response = Response::from_parts(answer.head, body);
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    hop::strip_response(headers);
    response
}

/// Answers of these types stay open on purpose: silence on them is no fault.
fn stream_of(headers: &HeaderMap) -> Option<metrics::Stream> {
    if let Some(stream) = media::stream(headers.get(header::CONTENT_TYPE)?.as_bytes()) {
        return Some(match stream {
            media::Stream::Events => metrics::Stream::Sse,
            media::Stream::Lines => metrics::Stream::Lines,
            media::Stream::Parts => metrics::Stream::Parts,
        });
    }
    grpc::is_stream(headers).then_some(metrics::Stream::Grpc)
}
