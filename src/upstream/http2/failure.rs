//! What a failed attempt says of another one: whether the server has looked at the request, and whether it matters.

use std::error::Error as _;
use std::io;

use http::Method;

use crate::upstream::fault::AttemptError;

/// One attempt that failed, and whether the request may be sent again.
pub(super) struct Failure {
    pub(super) error: AttemptError,
    pub(super) again: bool,
}

impl From<AttemptError> for Failure {
    fn from(error: AttemptError) -> Self {
        Self { error, again: false }
    }
}

/// Whether the server says that it has not looked at the request: a stream it refused (RFC 9113 §8.7), or one
/// beyond the last that it took before it left (§6.8).
pub(super) fn is_unread(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        cause.is_remote()
            && (cause.is_go_away() || cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

/// Whether the connection ended under the request.
pub(super) fn is_ended(error: &hyper::Error) -> bool {
    error.is_canceled()
        || error.is_closed()
        || error
            .source()
            .and_then(|cause| cause.downcast_ref::<io::Error>())
            .is_some()
}

/// To do it twice is to do it once (RFC 9110 §9.2.2).
pub(super) fn is_idempotent(method: &Method) -> bool {
    method.is_safe() || *method == Method::PUT || *method == Method::DELETE
}
