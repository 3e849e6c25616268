//! `access`: a route for some addresses only. The client's address is the one that limits and logs use, so a
//! header written by a stranger opens nothing.

use std::time::Instant;

use crate::http::allowed::Allowed;
use crate::http::client::Trust;
use crate::http::exchange::Exchange;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Verdict};

/// Who comes in.
#[derive(Debug, Default)]
pub struct Access {
    /// Only these; none: everybody.
    pub allow: Option<Allowed>,
    /// Never these.
    pub deny: Trust,
}

impl Check for Access {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        let ip = exchange.client.ip;
        let headers = &exchange.head.headers;
        let allowed = || self.allow.as_ref().is_none_or(|allow| allow.admits(ip, headers));
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
    use crate::layers::fixture::{exchange, with};

    fn ranges(texts: &[&str]) -> Trust {
        Trust::new(&parsed(texts))
    }

    fn only(texts: &[&str]) -> Allowed {
        Allowed::new(&parsed(texts))
    }

    fn parsed(texts: &[&str]) -> Vec<ipnet::IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn comes_in(access: &Access, ip: &str) -> bool {
        let mut request = exchange("GET", "/");
        request.client.ip = ip.parse().unwrap();
        matches!(access.check(&request, Instant::now()), Verdict::Pass)
    }

    #[test]
    fn with_a_list_of_the_allowed_only_they_come_in() {
        let access = Access {
            allow: Some(only(&["10.0.0.0/8", "2001:db8::/32"])),
            deny: Trust::default(),
        };
        assert!(comes_in(&access, "10.255.0.1") && comes_in(&access, "2001:db8::1"));
        assert!(!comes_in(&access, "11.0.0.1") && !comes_in(&access, "2001:db9::1"));
        assert!(comes_in(&access, "::ffff:10.0.0.1"), "mapped into IPv6");
    }

    #[test]
    fn the_denied_stay_out_whatever_is_allowed() {
        let access = Access {
            allow: Some(only(&["10.0.0.0/8"])),
            deny: ranges(&["10.6.0.0/16"]),
        };
        assert!(comes_in(&access, "10.5.0.1"));
        assert!(!comes_in(&access, "10.6.0.1"));
        assert!(!comes_in(&access, "::ffff:10.6.0.1"));
    }

    #[test]
    fn an_empty_list_lets_nobody_in() {
        let access = Access {
            allow: Some(Allowed::default()),
            deny: Trust::default(),
        };
        assert!(!comes_in(&access, "127.0.0.1"));
    }

    #[test]
    fn this_machine_comes_in_but_not_whom_its_proxy_lets_in() {
        let access = Access {
            allow: Some(only(&["127.0.0.0/8"])),
            deny: Trust::default(),
        };
        let mut request = exchange("GET", "/");
        request.client.ip = "127.0.0.1".parse().unwrap();
        assert!(matches!(access.check(&request, Instant::now()), Verdict::Pass));
        let passed_on = with(request, "x-forwarded-for", "203.0.113.7");
        assert!(matches!(
            access.check(&passed_on, Instant::now()),
            Verdict::Refuse(_)
        ));
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
