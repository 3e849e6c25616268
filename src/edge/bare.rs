//! A refusal written to a socket by hand, where no request was read that an answer could be an answer to.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};

use crate::http::problem::Problem;
use crate::http::refusal::{Deadline, Refusal};
use crate::http::request_id::request_id;

/// An id for an answer to what never became a request: it is found again in the log by it, like any other.
pub(super) fn fresh_id() -> HeaderValue {
    request_id(&HeaderMap::new(), SystemTime::now())
}

/// The whole answer in HTTP/1.1.
pub(super) fn bare(refusal: &Refusal, request_id: &HeaderValue) -> Vec<u8> {
    let words = refusal.to_string();
    let mut problem = Problem::new(refusal.status(), refusal.code(), &words, request_id);
    problem.timeout = refusal.deadline().map(Deadline::name);
    let body = problem.body();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nx-request-id: {}\r\nconnection: close\r\n\r\n",
        refusal.status(),
        body.len(),
        problem.request_id
    );
    [head.into_bytes(), body].concat()
}
