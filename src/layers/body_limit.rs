//! `max_body`: a body whose length is told is refused before a byte of it is read; one of unknown
//! length is counted while it streams (`http/body.rs`), so a chunked body cannot slip past.

use std::time::Instant;

use crate::http::exchange::Exchange;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Verdict};
use crate::policy::Size;

/// The largest request body of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit {
    /// Bytes.
    pub most: u64,
}

impl Check for BodyLimit {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        match exchange.body_length {
            Some(length) if length > self.most => Verdict::Refuse(Refusal::BodyTooLarge(self.most)),
            _ => Verdict::Pass,
        }
    }
}

impl Describe for BodyLimit {
    fn describe(&self) -> Vec<String> {
        vec![format!("at most {}", Size(self.most))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::fixture::exchange;

    fn verdict(length: Option<u64>) -> Verdict {
        let mut exchange = exchange("POST", "/");
        exchange.body_length = length;
        BodyLimit { most: 10 }.check(&exchange, Instant::now())
    }

    #[test]
    fn refuses_a_body_one_byte_over() {
        assert!(matches!(
            verdict(Some(11)),
            Verdict::Refuse(Refusal::BodyTooLarge(10))
        ));
    }

    #[test]
    fn passes_a_body_exactly_at_the_limit_and_one_of_unknown_length() {
        assert!(matches!(verdict(Some(10)), Verdict::Pass));
        assert!(matches!(verdict(None), Verdict::Pass));
    }
}
