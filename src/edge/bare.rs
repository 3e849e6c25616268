//! A refusal written to a socket by hand, where no request was read that an answer could be an answer to.

use http::HeaderValue;

use crate::http::problem::Problem;
use crate::http::refusal::{Deadline, Refusal};

/// The whole answer in HTTP/1.1. There was never a request to have an id.
pub(super) fn bare(refusal: &Refusal) -> Vec<u8> {
    let words = refusal.to_string();
    let none = HeaderValue::from_static("");
    let mut problem = Problem::new(refusal.status(), refusal.code(), &words, &none);
    problem.timeout = refusal.deadline().map(Deadline::name);
    let body = problem.body();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        refusal.status(),
        body.len()
    );
    [head.into_bytes(), body].concat()
}
