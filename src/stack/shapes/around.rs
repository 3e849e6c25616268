//! The shape of an [`Around`]: may wait, and refuse; boxed only on the routes that have it.

use std::task::{Context, Poll};

use futures_util::future::Either;
use tower::{Layer, Service};

use super::{Boxed, Pick, heed};
use crate::http::exchange::{Exchange, Response};
use crate::http::refusal::Refusal;
use crate::layers::{Around, Guarded, Next};
use crate::stack::detached::fetch;
use crate::stack::passage::{Held, Refused, Reply};

/// Made by [`around`](super::around()).
#[derive(Clone, Copy)]
pub struct AroundLayer<P> {
    pub(super) pick: P,
}

/// An [`Around`] in the stack.
#[derive(Clone)]
pub struct AroundService<P, N> {
    pick: P,
    next: N,
}

impl<P: Copy, N> Layer<N> for AroundLayer<P> {
    type Service = AroundService<P, N>;

    fn layer(&self, next: N) -> Self::Service {
        AroundService {
            pick: self.pick,
            next,
        }
    }
}

impl<A, P, N> Service<Held> for AroundService<P, N>
where
    A: Around + 'static,
    P: Pick<Of = Option<Guarded<A>>>,
    N: Service<Held, Response = Reply, Error = Refused> + Clone + Send + 'static,
    N::Future: Send,
{
    type Response = Reply;
    type Error = Refused;
    type Future = Either<N::Future, Boxed<Result<Reply, Refused>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.next.poll_ready(cx)
    }

    fn call(&mut self, passage: Held) -> Self::Future {
        if self.pick.pick(&passage.place).is_none() {
            return Either::Left(self.next.call(passage));
        }
        let (pick, place, mut rest) = (
            self.pick,
            passage.place.clone(),
            Rest {
                passage,
                next: self.next.clone(),
            },
        );
        Either::Right(Box::pin(async move {
            let Some(guarded) = pick.pick(&place) else {
                return rest.run().await;
            };
            let verdict = guarded.ask(rest.exchange()).await;
            match heed(verdict, rest.exchange()) {
                Some(stop) => stop.end(rest.passage),
                None => guarded.rule.around(rest).await,
            }
        }))
    }
}

/// The rest of the stack with the request that is about to enter it.
struct Rest<N> {
    passage: Held,
    next: N,
}

impl<N> Next for Rest<N>
where
    N: Service<Held, Response = Reply, Error = Refused> + Clone + Send + 'static,
    N::Future: Send,
{
    type Reply = Reply;
    type Refused = Refused;

    fn exchange(&mut self) -> &mut Exchange {
        &mut self.passage.exchange
    }

    fn detached(&self) -> Boxed<Result<Response, Refusal>> {
        Box::pin(fetch(self.next.clone(), self.passage.detached()))
    }

    async fn run(mut self) -> Result<Reply, Refused> {
        self.next.call(self.passage).await
    }

    fn answer(self, response: Response) -> Reply {
        Reply {
            passage: self.passage,
            response,
        }
    }

    fn refuse(self, refusal: Refusal) -> Refused {
        Refused {
            passage: self.passage,
            refusal,
        }
    }
}
