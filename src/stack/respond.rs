//! Where a refusal becomes an answer: one place, so that every "no" looks alike and is counted alike.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Map;
use http::{HeaderValue, Version, header};
use tower::{Layer, Service};

use crate::http::problem::Problem;
use crate::http::refusal::{Deadline, Refusal};
use crate::layers::rate_limit::whole_seconds;
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
    passage.place.snapshot.metrics.refusals.count(refusal.code());
    let words = refusal.to_string();
    let mut problem = Problem::new(refusal.status(), refusal.code(), &words, &exchange.request_id);
    problem.timeout = refusal.deadline().map(Deadline::name);
    let mut response = problem.response();
    let headers = response.headers_mut();
    if let Some(wait) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)));
    }
    if let Refusal::MethodNotAllowed(allow) = &refusal {
        headers.insert(header::ALLOW, allow.clone());
    }
    // HTTP/2 has no such header: there only the stream ends (RFC 9113 §8.2.2).
    if refusal.closes() && exchange.head.version != Version::HTTP_2 {
        headers.insert(header::CONNECTION, CLOSE);
    }
    Reply { passage, response }
}
