//! What a request to an upstream is written from, for the first time and once more.

use http::{HeaderValue, Uri, request};

use crate::http::client::Caller;
use crate::http::connection::Connection;
use crate::http::trace::Trace;

/// What a request is written from.
pub(super) struct Received<'a> {
    pub(super) head: &'a request::Parts,
    pub(super) connection: &'a Connection,
    pub(super) client: &'a Caller,
    pub(super) request_id: &'a HeaderValue,
    pub(super) trace: &'a Trace,
}

impl Received<'_> {
    pub(super) fn uri(&self) -> &Uri {
        &self.head.uri
    }
}
