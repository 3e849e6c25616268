//! The innermost service: the request as the upstream gets it, the attempt, and the answer as the client
//! gets it. Bodies stream both ways; nothing is held back to see more of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;
use http::Version;

use crate::gateway::route::{Route, Target};
use crate::http::exchange::Exchange;
use crate::http::message::Message;
use crate::http::proxy_protocol;
use crate::http::refusal::{Blame, Refusal};
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::stack::shapes::Boxed;
use crate::upstream::Upstream;
use crate::upstream::deadline::Waits;
use crate::upstream::errand::{Answer, Errand};
use crate::upstream::fault::AttemptError;
use crate::upstream::send::send;

mod brief;
mod call;
mod early;
mod edits;
mod incoming;
mod outgoing;
mod received;

use incoming::answered;
use outgoing::Plan;
use received::Received;

pub(super) use outgoing::outgoing;

/// Forwards a request to its upstream, where need be once its body has been waited for. Boxed, so that what waits for it
/// stays small: the futures of all layers are moved as one.
pub fn forward(mut passage: Held) -> Boxed<Result<Reply, Refused>> {
    if !brief::is_waited_for(&passage) {
        return Box::pin(send_on(passage));
    }
    Box::pin(async move {
        match brief::wait(&mut passage).await {
            Ok(()) => send_on(passage).await,
            Err(refusal) => Err(Refused { passage, refusal }),
        }
    })
}

async fn send_on(mut passage: Held) -> Result<Reply, Refused> {
    if !matches!(passage.place.route().target, Target::Upstream(_)) {
        return by_itself(passage);
    }
    let (message, plan) = match outgoing(&mut passage) {
        Ok(outgoing) => outgoing,
        Err(refusal) => return Err(Refused { passage, refusal }),
    };
    let outcome = attempt(&mut passage, &mut Some(message), &plan).await;
    if passage.exchange.connection.phase.hints.any() || early::is_early(&passage) {
        return held_back(passage, outcome).await;
    }
    settled(passage, outcome, Bytes::new())
}

/// With more requests under way on its connection a client has many answers at once.
const FEW: u32 = 8;

type Outcome = Result<Answer, AttemptError>;

/// An answer with hints before it, or one before its request is all sent. Boxed, as few are and all would carry the room
/// for it.
fn held_back(passage: Held, mut outcome: Outcome) -> Boxed<Result<Reply, Refused>> {
    Box::pin(async move {
        passage.exchange.connection.phase.hints.taken().await;
        let gathered = match &mut outcome {
            Ok(answer) if early::is_early(&passage) => early::gather(&mut answer.body).await,
            Ok(_) | Err(_) => Bytes::new(),
        };
        settled(passage, outcome, gathered)
    })
}

/// What becomes of the request, by the outcome of the attempt.
fn settled(passage: Held, outcome: Outcome, gathered: Bytes) -> Result<Reply, Refused> {
    match outcome {
        Ok(answer) => answered(passage, answer, gathered),
        Err(error) => {
            report(&passage, &error);
            let refusal = call::name_deadline(&passage, error.refusal);
            Err(Refused { passage, refusal })
        }
    }
}

/// Asks the upstream, until there is the head of an answer.
async fn attempt(passage: &mut Passage, message: &mut Option<Message>, plan: &Plan) -> Outcome {
    let waits = waits(passage);
    let Passage {
        exchange,
        place,
        trace,
        upload,
        consent,
        ledger,
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
    let interim = exchange.head.version == Version::HTTP_11 && !ledger.detached;
    let errand = Errand {
        upload: upload.as_ref(),
        worker: exchange.connection.facts.worker,
        waits: Waits {
            hints: interim.then_some(&exchange.connection.phase.hints),
            ..waits
        },
        one_of_many: exchange.connection.phase.requests() > FEW,
        consent: consent.as_deref(),
        again: &move || received.message(plan, place).ok(),
        client: announced(upstream, exchange).into(),
        // A proxy's connection carries many users, and so does one of HTTP/2.
        pinned: (exchange.head.version < Version::HTTP_2 && !exchange.client.peer_trusted)
            .then_some(&exchange.connection.pinned),
    };
    exchange.notes.trip.login = plan.login;
    let outcome = send(upstream, message, &errand, &mut exchange.notes.trip).await;
    if let Some(consent) = errand.consent {
        consent.settle();
    }
    outcome
}

/// How long the answer is waited for.
fn waits(passage: &Passage) -> Waits<'static> {
    let route = passage.place.route();
    if passage.grpc {
        return call::waits(passage, route);
    }
    Waits {
        response_head: route.waits.response_head,
        total: route
            .waits
            .response_head_total
            .map(|total| passage.exchange.arrived + total),
        hints: None,
    }
}

/// Whose request it is, as everywhere else, and where it came in, for servers that are told. Behind a trusted proxy
/// nobody knows the client's port.
fn announced(upstream: &Upstream, exchange: &Exchange) -> Vec<u8> {
    let Some(version) = upstream.announces() else {
        return Vec::new();
    };
    let connection = &exchange.connection;
    let client = if exchange.client.ip == connection.facts.peer.ip() {
        connection.facts.peer
    } else {
        SocketAddr::new(exchange.client.ip, 0)
    };
    // Unknown to connections from before a reload that made it known.
    let unknown = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    proxy_protocol::write(version, client, connection.facts.local.unwrap_or(unknown))
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

/// The client is told the code; the log is told the rest. What the client itself broke off is its own affair.
fn report(passage: &Passage, error: &AttemptError) {
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

#[cfg(test)]
mod tests;
