//! The head of an answer of HTTP/2 as it should have been. h2 has refused what breaks the rules of HTTP/2; what is left
//! are those of HTTP.

use http::header::CONTENT_LENGTH;
use http::{StatusCode, response};

use crate::http::refusal::Refusal;
use crate::http::vet::{Fault, Repair, Rules};
use crate::upstream::Sight;

/// Puts a head right, or says what is wrong with it.
pub(in crate::upstream) fn repair(
    head: &mut response::Parts,
    rules: Rules,
    sight: &dyn Sight,
) -> Result<(), Refusal> {
    // There is nothing to switch to (RFC 9113 §8.6), and other interim answers are no answers.
    if head.status.is_informational() {
        return Err(Refusal::UpstreamInvalid(Fault::Switch));
    }
    if head.headers.len() > usize::from(rules.max_fields) {
        return Err(Refusal::UpstreamInvalid(Fault::TooManyFields));
    }
    if head.status.as_u16() >= 600 {
        sight.repaired(Repair::Status.name());
    }
    if head.status == StatusCode::NO_CONTENT && head.headers.remove(CONTENT_LENGTH).is_some() {
        sight.repaired(Repair::BodyForbidden.name());
    }
    Ok(())
}
