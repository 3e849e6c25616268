//! A body that tells no length, on its way to a server of HTTP/1.1: old servers take one in chunks for none. So its end is
//! waited for briefly, and where it comes the length goes along. Else what came is sent on, and nothing is held again.

use std::time::Instant;

use http::header;

use crate::gateway::route::Target;
use crate::http::body::RequestBody;
use crate::http::refusal::Refusal;
use crate::kept_body::{Bounds, Came, Keeper, SMALL};
use crate::layers::request_buffer::PATIENCE;
use crate::stack::keep::{begin, is_stream, refusal};
use crate::stack::passage::Passage;

/// Whether there is something to wait for.
pub(super) fn is_waited_for(passage: &Passage) -> bool {
    let exchange = &passage.exchange;
    if passage.body.is_none() || exchange.body_length.is_some() || passage.upload.is_some() {
        return false;
    }
    let Target::Upstream(upstream) = &passage.place.route().target else {
        return false;
    };
    // What was announced to stand after the body cannot be sent with a length (RFC 9110 §6.5).
    let trailers = exchange.head.headers.contains_key(header::TRAILER);
    !upstream.speaks_http2() && !trailers && !is_stream(passage)
}

/// Waits for the end of the body. A client that wants to be told so is asked to send it by the first look at it.
pub(super) async fn wait(passage: &mut Passage) -> Result<(), Refusal> {
    let Some((mut body, _)) = begin(passage) else {
        return Ok(());
    };
    let mut keeper = Keeper::new(Bounds {
        max: SMALL,
        ..Bounds::default()
    });
    let until = Instant::now() + PATIENCE;
    if keeper.fill(&mut body, Some(until)).await.map_err(refusal)? == Came::Whole {
        body = keeper.finish().without_trailers().read(|| None);
    } else {
        body.push_front(keeper.into_bytes());
    }
    passage.body = Some(RequestBody::Waited(Box::new(body)));
    Ok(())
}
