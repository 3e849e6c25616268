//! The shape of a [`Mend`]: looks into the answers it wants; boxed only for those.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{Boxed, Pick};
use crate::http::exchange::Response;
use crate::layers::Mend;
use crate::stack::passage::{Held, Reply};

/// Made by [`mend`](super::mend()).
#[derive(Clone, Copy)]
pub struct MendLayer<P> {
    pub(super) pick: P,
}

/// A [`Mend`] in the stack.
#[derive(Clone)]
pub struct MendService<P, N> {
    pick: P,
    next: N,
}

impl<P: Copy, N> Layer<N> for MendLayer<P> {
    type Service = MendService<P, N>;

    fn layer(&self, next: N) -> Self::Service {
        MendService {
            pick: self.pick,
            next,
        }
    }
}

impl<M, P, N> Service<Held> for MendService<P, N>
where
    M: Mend + 'static,
    P: Pick<Of = Option<M>>,
    N: Service<Held, Response = Reply>,
{
    type Response = Reply;
    type Error = N::Error;
    type Future = Mended<N::Future, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), N::Error>> {
        self.next.poll_ready(cx)
    }

    fn call(&mut self, passage: Held) -> Self::Future {
        Mended {
            inner: self.next.call(passage),
            pick: self.pick,
            mending: None,
        }
    }
}

pin_project! {
    /// Waits for the answer, then for its mending if it is wanted.
    pub struct Mended<F, P> {
        #[pin]
        inner: F,
        pick: P,
        mending: Option<Boxed<Reply>>,
    }
}

impl<F, P, M, X> Future for Mended<F, P>
where
    F: Future<Output = Result<Reply, X>>,
    P: Pick<Of = Option<M>>,
    M: Mend + 'static,
{
    type Output = Result<Reply, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.mending.is_none() {
            let reply = ready!(this.inner.poll(cx))?;
            let wanted = this
                .pick
                .pick(&reply.passage.place)
                .as_ref()
                .is_some_and(|rule| rule.wants(&reply.response));
            if !wanted {
                return Poll::Ready(Ok(reply));
            }
            *this.mending = Some(Box::pin(mended(*this.pick, reply)));
        }
        match this.mending {
            Some(mending) => mending.as_mut().poll(cx).map(Ok),
            None => Poll::Pending,
        }
    }
}

async fn mended<M: Mend + 'static, P: Pick<Of = Option<M>>>(pick: P, reply: Reply) -> Reply {
    let Reply {
        mut passage,
        response,
    } = reply;
    let place = passage.place.clone();
    let response: Response = match pick.pick(&place) {
        Some(rule) => rule.mend(&mut passage.exchange, response).await,
        None => response,
    };
    Reply { passage, response }
}
