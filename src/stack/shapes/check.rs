//! The shape of a [`crate::layers::Check`]: judged on the way in, never waits.

use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::Either;
use tower::{Layer, Service};

use super::{Pick, heed};
use crate::http::exchange::Exchange;
use crate::http::refusal::Refusal;
use crate::layers::{Guarded, Verdict};
use crate::stack::passage::{Held, Refused, Reply};

/// Made by [`check`](super::check()).
#[derive(Clone, Copy)]
pub struct CheckLayer<P, J> {
    pub(super) pick: P,
    pub(super) judge: J,
}

/// A [`crate::layers::Check`] in the stack.
#[derive(Clone)]
pub struct CheckService<P, J, N> {
    pick: P,
    judge: J,
    next: N,
}

impl<P: Copy, J: Copy, N> Layer<N> for CheckLayer<P, J> {
    type Service = CheckService<P, J, N>;

    fn layer(&self, next: N) -> Self::Service {
        CheckService {
            pick: self.pick,
            judge: self.judge,
            next,
        }
    }
}

impl<C, P, J, N> Service<Held> for CheckService<P, J, N>
where
    C: 'static,
    P: Pick<Of = [Guarded<C>]>,
    J: Fn(&C, &Exchange, Instant) -> Verdict,
    N: Service<Held, Response = Reply, Error = Refused>,
{
    type Response = Reply;
    type Error = Refused;
    type Future = Either<Ready<Result<Reply, Refused>>, N::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.next.poll_ready(cx)
    }

    fn call(&mut self, mut passage: Held) -> Self::Future {
        let held = &mut *passage;
        let now = held.exchange.arrived;
        for guarded in self.pick.pick(&held.place) {
            let mut verdict = guarded.judge(&self.judge, &mut held.exchange, now);
            if matches!(verdict, Verdict::Refuse(Refusal::RateLimited(_))) {
                // Another worker's clock may have been read later than this request's, if this one was held up.
                verdict = guarded.judge(&self.judge, &mut held.exchange, Instant::now());
            }
            if let Some(stop) = heed(verdict, &mut held.exchange) {
                return Either::Left(ready(stop.end(passage)));
            }
        }
        Either::Right(self.next.call(passage))
    }
}
