//! The shape of an [`Edit`]: looks on the way in, dresses every answer on its way out.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::Pick;
use crate::layers::Edit;
use crate::stack::passage::{Held, Reply};

/// Made by [`edit`](super::edit()).
#[derive(Clone, Copy)]
pub struct EditLayer<P> {
    pub(super) pick: P,
}

/// An [`Edit`] in the stack.
#[derive(Clone)]
pub struct EditService<P, N> {
    pick: P,
    next: N,
}

impl<P: Copy, N> Layer<N> for EditLayer<P> {
    type Service = EditService<P, N>;

    fn layer(&self, next: N) -> Self::Service {
        EditService {
            pick: self.pick,
            next,
        }
    }
}

impl<E, P, N> Service<Held> for EditService<P, N>
where
    E: Edit + 'static,
    P: Pick<Of = Option<E>>,
    N: Service<Held, Response = Reply>,
{
    type Response = Reply;
    type Error = N::Error;
    type Future = Edited<N::Future, P, E::Note>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), N::Error>> {
        self.next.poll_ready(cx)
    }

    fn call(&mut self, passage: Held) -> Self::Future {
        let note = self
            .pick
            .pick(&passage.place)
            .as_ref()
            .map(|rule| rule.before(&passage.exchange));
        Edited {
            inner: self.next.call(passage),
            pick: self.pick,
            note,
        }
    }
}

pin_project! {
    /// Waits for the answer, then edits it.
    pub struct Edited<F, P, T> {
        #[pin]
        inner: F,
        pick: P,
        note: Option<T>,
    }
}

impl<F, P, E, X> Future for Edited<F, P, E::Note>
where
    F: Future<Output = Result<Reply, X>>,
    P: Pick<Of = Option<E>>,
    E: Edit + 'static,
{
    type Output = Result<Reply, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = ready!(this.inner.poll(cx));
        if let (Ok(reply), Some(note)) = (&mut outcome, this.note.take())
            && let Some(rule) = this.pick.pick(&reply.passage.place)
        {
            rule.after(note, &reply.passage.exchange, &mut reply.response);
        }
        Poll::Ready(outcome)
    }
}
