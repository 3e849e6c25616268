//! What a failed attempt says of another one: whether the server has looked at the request, and whether it matters.

use http::Method;

use crate::upstream::fault::AttemptError;

/// One attempt that failed, and whether the request may be sent again.
pub(in crate::upstream) struct Failure {
    pub(in crate::upstream) error: AttemptError,
    pub(in crate::upstream) again: bool,
}

impl From<AttemptError> for Failure {
    fn from(error: AttemptError) -> Self {
        Self { error, again: false }
    }
}

/// Whether the server says that it has not looked at the request: a stream it refused (RFC 9113 §8.7), or one
/// beyond the last that it took before it left (§6.8).
pub(in crate::upstream) fn is_unread(error: &h2::Error) -> bool {
    error.is_remote()
        && (error.is_go_away() || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// To do it twice is to do it once (RFC 9110 §9.2.2).
pub(in crate::upstream) fn is_idempotent(method: &Method) -> bool {
    method.is_safe() || *method == Method::PUT || *method == Method::DELETE
}
