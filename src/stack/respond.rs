//! Where a refusal becomes an answer: one place, so that every "no" looks alike and is counted alike.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Map;
use http::{HeaderValue, Version, header};
use tower::{Layer, Service};

use crate::http::exchange::Response;
use crate::http::grpc;
use crate::http::login::Http11Required;
use crate::http::problem::Problem;
use crate::http::refusal::{Deadline, Refusal};
use crate::layers::rate_limit::whole_seconds;
use crate::observe::crowd;
use crate::observe::metrics::Metrics;
use crate::stack::passage::{Held, Refused, Reply};

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// The line of the stack.
pub fn layer() -> RespondLayer {
    RespondLayer
}

/// Made by [`layer`].
#[derive(Clone, Copy)]
pub struct RespondLayer;

/// Turns refusals of the services inside into answers.
#[derive(Clone)]
pub struct Respond<N>(N);

impl<N> Layer<N> for RespondLayer {
    type Service = Respond<N>;

    fn layer(&self, next: N) -> Self::Service {
        Respond(next)
    }
}

type Outcome<E> = Result<Reply, E>;

impl<N> Service<Held> for Respond<N>
where
    N: Service<Held, Response = Reply, Error = Refused>,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Map<N::Future, fn(Outcome<Refused>) -> Outcome<Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, passage: Held) -> Self::Future {
        self.0
            .call(passage)
            .map(|outcome| Ok(outcome.unwrap_or_else(answer)))
    }
}

fn answer(refused: Refused) -> Reply {
    let Refused { mut passage, refusal } = refused;
    let exchange = &mut passage.exchange;
    (exchange.notes.refusal, exchange.notes.reason) = (Some(refusal.code()), refusal.reason());
    if !exchange.connection.facts.entrance.is_admin() {
        count(&refusal, &passage.place.snapshot.metrics);
    }
    match refusal {
        Refusal::TooManyStreams => crowd::refused(exchange.client.ip, crowd::Kind::Streams),
        Refusal::TooManyInFlight => crowd::refused(exchange.client.ip, crowd::Kind::InFlight),
        _ => {}
    }
    let words = refusal.to_string();
    if passage.grpc || exchange.head.version == Version::HTTP_2 && grpc::is_grpc(&exchange.head.headers) {
        let response = grpc::refusal(grpc_status(&refusal), refusal.code(), &words);
        return dress(passage, &refusal, response);
    }
    let mut problem = Problem::new(refusal.status(), refusal.code(), &words, &exchange.request_id);
    problem.timeout = refusal.deadline().map(Deadline::name);
    let response = problem.response();
    dress(passage, &refusal, response)
}

/// The headers that follow from the reason, and the answer on its way.
fn dress(passage: Held, refusal: &Refusal, mut response: Response) -> Reply {
    let headers = response.headers_mut();
    if let Some(wait) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)));
    }
    if let Refusal::MethodNotAllowed(allow) = refusal {
        headers.insert(header::ALLOW, HeaderValue::clone(allow));
    }
    // HTTP/2 has no such header: there only the stream ends (RFC 9113 §8.2.2).
    if refusal.closes() && passage.exchange.head.version != Version::HTTP_2 {
        headers.insert(header::CONNECTION, CLOSE);
    }
    if *refusal == Refusal::LoginOverHttp2 {
        response.extensions_mut().insert(Http11Required);
    }
    Reply { passage, response }
}

/// The client's own deadline is the one thing its table of statuses of HTTP does not know.
fn grpc_status(refusal: &Refusal) -> u8 {
    if refusal.deadline() == Some(Deadline::Grpc) {
        return grpc::DEADLINE_EXCEEDED;
    }
    grpc::status(refusal.status())
}

/// By its code, and by what is wrong with the bytes or which deadline ran out.
fn count(refusal: &Refusal, metrics: &Metrics) {
    metrics.refusals.count(refusal.code());
    if let Some(fault) = refusal.fault() {
        metrics.malformed.count(fault);
    }
    if let Some(deadline) = refusal.deadline() {
        metrics.timeouts.count(deadline.name());
    }
}
