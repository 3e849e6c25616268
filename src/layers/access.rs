//! `access`: a route for some addresses only. The client's address is the one that limits and logs use, so a
//! header written by a stranger opens nothing.

use std::time::Instant;

use crate::http::client::Trust;
use crate::http::exchange::Exchange;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Verdict};

/// Who comes in.
#[derive(Debug, Default)]
pub struct Access {
    /// Only these; none: everybody.
    pub allow: Option<Trust>,
    /// Never these.
    pub deny: Trust,
}

impl Check for Access {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        let ip = exchange.client.ip;
        let allowed = || self.allow.as_ref().is_none_or(|allow| allow.contains(ip));
        if self.deny.contains(ip) || !allowed() {
            Verdict::Refuse(Refusal::AccessDenied)
        } else {
            Verdict::Pass
        }
    }
}

impl Describe for Access {
    fn describe(&self) -> Vec<String> {
        let mut phrases = Vec::new();
        if let Some(allow) = &self.allow {
            phrases.push(format!("only {allow}"));
        }
        if !self.deny.is_empty() {
            phrases.push(format!("never {}", self.deny));
        }
        phrases
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::layers::fixture::exchange;

    fn ranges(texts: &[&str]) -> Trust {
        Trust::new(&texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    fn comes_in(access: &Access, ip: &str) -> bool {
        let mut request = exchange("GET", "/");
        request.client.ip = ip.parse().unwrap();
        matches!(access.check(&request, Instant::now()), Verdict::Pass)
    }

    #[test]
    fn with_a_list_of_the_allowed_only_they_come_in() {
        let access = Access {
            allow: Some(ranges(&["10.0.0.0/8", "2001:db8::/32"])),
            deny: Trust::default(),
        };
        assert!(comes_in(&access, "10.255.0.1") && comes_in(&access, "2001:db8::1"));
        assert!(!comes_in(&access, "11.0.0.1") && !comes_in(&access, "2001:db9::1"));
        assert!(comes_in(&access, "::ffff:10.0.0.1"), "mapped into IPv6");
    }

    #[test]
    fn the_denied_stay_out_whatever_is_allowed() {
        let access = Access {
            allow: Some(ranges(&["10.0.0.0/8"])),
            deny: ranges(&["10.6.0.0/16"]),
        };
        assert!(comes_in(&access, "10.5.0.1"));
        assert!(!comes_in(&access, "10.6.0.1"));
        assert!(!comes_in(&access, "::ffff:10.6.0.1"));
    }

    #[test]
    fn an_empty_list_lets_nobody_in() {
        let access = Access {
            allow: Some(Trust::default()),
            deny: Trust::default(),
        };
        assert!(!comes_in(&access, "127.0.0.1"));
    }

    #[test]
    fn the_whole_of_one_family_can_be_denied() {
        let access = Access {
            allow: None,
            deny: ranges(&["0.0.0.0/0"]),
        };
        assert!(!comes_in(&access, "192.0.2.1"));
        assert!(comes_in(&access, "2001:db8::1"));
    }
}
