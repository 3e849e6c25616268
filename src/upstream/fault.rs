//! Whose fault it is that there is no answer: the client's, whose body broke off, or the upstream's.
//! What the operator should know of it stays in the source and never reaches the client.

use std::error::Error;
use std::io;

use crate::http::flow::BodyFault;
use crate::http::pace::TooSlow;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::vet::Fault;
use crate::upstream::watch::Upload;
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
        Some(BodyFault::Sender(error)) if is_malformed(error) => Refusal::BodyInvalid,
        Some(BodyFault::Sender(_)) => Refusal::ClientGone,
        None => match wire.fault() {
            Some(fault) => Refusal::UpstreamInvalid(fault),
            // The guard is stricter, so this is not to be expected.
            None if error.is_parse() => Refusal::UpstreamInvalid(Fault::Syntax),
            None => Refusal::UpstreamClosed,
        },
        Some(BodyFault::Coding) => Refusal::UpstreamClosed,
    };
    AttemptError {
        refusal,
        source: Some(Box::new(error)),
    }
}

/// Whether the client sent what is no body (a chunk without a size), rather than nothing more.
fn is_malformed(error: &hyper::Error) -> bool {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| {
        matches!(
            source.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        )
    })
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

/// A deadline ran out while the answer was awaited. If the client is still sending, and slower than it might,
/// nobody else is to blame.
pub(super) fn overdue(deadline: Deadline, upload: Option<&Upload>) -> AttemptError {
    if deadline == Deadline::Total && upload.is_some_and(Upload::awaits_client) {
        return AttemptError {
            refusal: Refusal::RequestTimeout(deadline),
            source: None,
        };
    }
    timed_out(deadline)
}

/// A deadline ran out.
pub(super) fn timed_out(deadline: Deadline) -> AttemptError {
    AttemptError {
        refusal: Refusal::UpstreamTimeout(deadline),
        source: None,
    }
}
