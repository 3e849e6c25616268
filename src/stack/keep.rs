//! The line of the stack that waits for whole request bodies, on routes with `request_buffer`.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderMap, header};
use tower::{Layer, Service};

use crate::http::body::{Body, RequestBody};
use crate::http::refusal::{Deadline, Refusal};
use crate::http::{grpc, media};
use crate::kept_body::{Came, Fault, Keeper};
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::stack::shapes::Boxed;
use crate::upstream::fault::of_body;
use crate::upstream::watch::Upload;

/// The line of the stack.
pub fn layer() -> KeepLayer {
    KeepLayer
}

/// Made by [`layer`].
#[derive(Clone, Copy)]
pub struct KeepLayer;

/// Waits for bodies.
#[derive(Clone)]
pub struct Keep<N>(N);

impl<N> Layer<N> for KeepLayer {
    type Service = Keep<N>;

    fn layer(&self, next: N) -> Self::Service {
        Keep(next)
    }
}

impl<N> Service<Held> for Keep<N>
where
    N: Service<Held, Response = Reply, Error = Refused> + Clone + Send + 'static,
    N::Future: Send,
{
    type Response = Reply;
    type Error = Refused;
    type Future = Either<N::Future, Boxed<Result<Reply, Refused>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut passage: Held) -> Self::Future {
        if passage.place.route().request_buffer.is_none() || passage.body.is_none() || is_stream(&passage) {
            return Either::Left(self.0.call(passage));
        }
        let mut next = self.0.clone();
        Either::Right(Box::pin(async move {
            match wait(&mut passage).await {
                Ok(()) => next.call(passage).await,
                Err(refusal) => Err(Refused { passage, refusal }),
            }
        }))
    }
}

/// Bodies whose sender and receiver may take turns.
pub(super) fn is_stream(passage: &Passage) -> bool {
    // A tunnel over HTTP/2 comes as the body of its request.
    passage.is_connect() || is_stream_by(&passage.exchange.head.headers)
}

fn is_stream_by(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], |kind| kind.as_bytes());
    let kind = media::essence(kind);
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    headers.contains_key(header::UPGRADE)
        || grpc::is_stream(headers)
        || is("application/x-ndjson")
        || is("application/stream+json")
        || is("text/event-stream")
}

/// Waits for the body. A client that wants to be told so is asked to send it by the first look at it.
async fn wait(passage: &mut Passage) -> Result<(), Refusal> {
    let Some(buffer) = &passage.place.route().request_buffer else {
        return Ok(());
    };
    let (max, bounds) = (buffer.max, buffer.bounds());
    if passage.exchange.body_length.is_some_and(|length| length > max) {
        return Err(Refusal::BodyTooLarge(max));
    }
    let total = passage.place.route().waits.response_head_total;
    let total = total.map(|total| passage.exchange.arrived + total);
    let Some((mut body, upload)) = begin(passage) else {
        return Ok(());
    };
    let mut keeper = Keeper::new(bounds);
    match keeper.fill(&mut body, total).await.map_err(refusal)? {
        Came::Whole => {}
        Came::TooLong => return Err(Refusal::BodyTooLarge(max)),
        Came::TooLate => return Err(Refusal::RequestTimeout(Deadline::Total)),
    }
    let body = keeper.finish().read(|| Some(upload.watch_file()));
    passage.body = Some(RequestBody::Waited(Box::new(body)));
    Ok(())
}

/// The body, to be read before its request is forwarded, and what watches it.
pub(super) fn begin(passage: &mut Passage) -> Option<(Body, Arc<Upload>)> {
    let unread = passage
        .body
        .take_if(|body| matches!(body, RequestBody::Unread(_)));
    let Some(RequestBody::Unread(body)) = unread else {
        return None;
    };
    let upload = Upload::new();
    let body = Body::streamed(body, passage.place.route().waits.request, Some(upload.watch()))
        .held_by(&passage.exchange.connection.memory);
    passage.upload = Some(Arc::clone(&upload));
    Some((body, upload))
}

/// Why a body could not be kept, for the client; the log is told the rest.
pub(super) fn refusal(fault: Fault) -> Refusal {
    match fault {
        Fault::Body(fault) => of_body(&fault),
        Fault::Full => {
            tracing::warn!("a request body was refused: all of `[gateway] spill` is in use");
            Refusal::RequestBufferFull
        }
        Fault::Disk(error) => {
            tracing::error!(error = %error, "a request body cannot be kept: look at the folder of `[gateway] spill`");
            Refusal::Internal
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_by_their_type() {
        let is = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_stream_by(&headers)
        };
        for stream in [
            "application/grpc",
            "application/grpc-web+proto",
            "Application/X-NDJSON; a=b",
        ] {
            assert!(is(stream), "{stream}");
        }
        for plain in [
            "",
            "application/json",
            "application/x-ndjsonl",
            "multipart/form-data; boundary=x",
        ] {
            assert!(!is(plain), "{plain}");
        }
    }
}
