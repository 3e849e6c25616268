//! Whose fault it is that there is no answer: the client's, whose body broke off, or the upstream's.
//! What the operator should know of it stays in the source and never reaches the client.

use std::error::Error;
use std::io;

use crate::http::flow::BodyFault;
use crate::http::guard::fault::Fault;
use crate::http::pace::TooSlow;
use crate::http::refusal::{Deadline, Refusal};
use crate::upstream::wire::Wire;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct AttemptError {
    /// What the client is told.
    pub refusal: Refusal,
    /// What lies behind, for the log.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// The request broke off.
pub(super) fn fault(error: hyper::Error, wire: &Wire) -> AttemptError {
    let body = error
        .source()
        .and_then(|source| source.downcast_ref::<BodyFault>());
    let refusal = match body {
        Some(BodyFault::TooLarge(most)) => Refusal::BodyTooLarge(*most),
        Some(BodyFault::TooSlow(why)) => Refusal::RequestTimeout(match why {
            TooSlow::Idle => Deadline::RequestBodyIdle,
            TooSlow::Rate => Deadline::RequestBodyMinRate,
            TooSlow::Duration => Deadline::Total,
        }),
        Some(BodyFault::Sender(error)) => malformed(error).map_or(Refusal::ClientGone, Refusal::BodyInvalid),
        None if error.is_parse() || wire.is_flooded() => Refusal::UpstreamInvalid,
        Some(BodyFault::Coding) | None => Refusal::UpstreamClosed,
    };
    AttemptError {
        refusal,
        source: Some(Box::new(error)),
    }
}

/// What is wrong with what the client sent as a body (a chunk without a size), if it did not just stop.
fn malformed(error: &hyper::Error) -> Option<Fault> {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())?;
    let guarded = source.get_ref().and_then(|fault| fault.downcast_ref::<Fault>());
    match source.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Some(guarded.copied().unwrap_or(Fault::Body))
        }
        _ => None,
    }
}

/// No address is left to try; `last` is what the last one said.
pub(super) fn nobody(last: Option<io::Error>) -> AttemptError {
    let refusal = match &last {
        None => Refusal::UpstreamUnresolved,
        Some(error) if error.kind() == io::ErrorKind::TimedOut => Refusal::UpstreamTimeout(Deadline::Connect),
        Some(_) => Refusal::UpstreamUnreachable,
    };
    AttemptError {
        refusal,
        source: last.map(Into::into),
    }
}

/// A deadline ran out.
pub(super) fn timed_out(deadline: Deadline) -> AttemptError {
    AttemptError {
        refusal: Refusal::UpstreamTimeout(deadline),
        source: None,
    }
}
