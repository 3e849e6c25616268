//! A panic inside the stack becomes a 500 with the request id; the log has the rest. Own code, since
//! the ready-made layer puts every response body into a box and cannot name the request.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{CatchUnwind, Either};
use http::HeaderValue;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::http::exchange::Response;
use crate::http::problem::Problem;
use crate::http::refusal::Refusal;
use crate::http::request_id::X_REQUEST_ID;

/// A request that can be named.
pub trait Identified {
    /// Its id.
    fn request_id(&self) -> HeaderValue;
}

/// The line of the stack.
pub fn layer() -> CatchPanicLayer {
    CatchPanicLayer
}

/// Made by [`layer`].
#[derive(Clone, Copy)]
pub struct CatchPanicLayer;

/// Catches panics of the services inside.
#[derive(Clone)]
pub struct CatchPanic<N>(N);

impl<N> Layer<N> for CatchPanicLayer {
    type Service = CatchPanic<N>;

    fn layer(&self, next: N) -> Self::Service {
        CatchPanic(next)
    }
}

impl<R, N> Service<R> for CatchPanic<N>
where
    R: Identified,
    N: Service<R, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Catching<N::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, arrival: R) -> Self::Future {
        let request_id = arrival.request_id();
        // The passage inside closes its own account when it is dropped by the unwinding; nothing of it is used again.
        let inner = match catch_unwind(AssertUnwindSafe(|| self.0.call(arrival))) {
            Ok(inner) => Either::Left(AssertUnwindSafe(inner).catch_unwind()),
            Err(panic) => Either::Right(ready(Err(panic))),
        };
        Catching { inner, request_id }
    }
}

type Caught<T> = Result<T, Box<dyn Any + Send>>;

pin_project! {
    /// Runs the stack and catches its panic.
    pub struct Catching<F: Future> {
        // Or the panic on the way in, before there was anything to poll.
        #[pin]
        inner: Either<CatchUnwind<AssertUnwindSafe<F>>, Ready<Caught<F::Output>>>,
        request_id: HeaderValue,
    }
}

impl<F> Future for Catching<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.inner.poll(cx));
        Poll::Ready(outcome.unwrap_or_else(|panic| Ok(answer(panic.as_ref(), this.request_id))))
    }
}

fn answer(panic: &(dyn Any + Send), request_id: &HeaderValue) -> Response {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(
        request_id = request_id.to_str().unwrap_or_default(),
        panic = words,
        "a request panicked"
    );
    let refusal = Refusal::Internal;
    let mut response =
        Problem::new(refusal.status(), refusal.code(), &refusal.to_string(), request_id).response();
    response.headers_mut().insert(X_REQUEST_ID, request_id.clone());
    response
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    impl Identified for () {
        fn request_id(&self) -> HeaderValue {
            HeaderValue::from_static("the-request")
        }
    }

    async fn panicking((): ()) -> Result<Response, Infallible> {
        tokio::task::yield_now().await;
        unreachable!("a fault of ours")
    }

    #[tokio::test]
    async fn a_panic_on_the_way_in_becomes_an_answer() {
        let service = layer().layer(tower::service_fn(
            |()| -> std::future::Ready<Result<Response, Infallible>> { unreachable!("a fault of ours") },
        ));
        let response = service.oneshot(()).await.expect("infallible");
        assert_eq!(response.status(), 500);
    }

    #[tokio::test]
    async fn a_panic_behind_an_await_becomes_an_answer() {
        let service = layer().layer(tower::service_fn(panicking));
        let response = service.oneshot(()).await.expect("infallible");
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[X_REQUEST_ID], "the-request");
    }

    #[test]
    fn the_answer_names_the_request_and_not_the_panic() {
        let response = answer(&"index out of bounds", &HeaderValue::from_static("the-request"));
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[X_REQUEST_ID], "the-request");
    }
}
