//! Plain requests of a listener that says so are sent to https, before anything is asked of the application.
//! Nothing else of the request changes: same host, same target, same method (308).

use std::time::Instant;

use http::{HeaderValue, StatusCode, header};

use crate::http::exchange::{Exchange, Response};
use crate::http::host::{self, HostFault};
use crate::http::path;
use crate::http::refusal::Refusal;
use crate::layers::{Check, Describe, Verdict};

/// Redirects what came in the clear. Which connections that concerns, the connections say.
#[derive(Debug)]
pub struct RedirectToHttps;

impl Check for RedirectToHttps {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        let Some(port) = exchange.connection.facts.redirect_to_https else {
            return Verdict::Pass;
        };
        if exchange.is_https() || is_exempt(exchange) {
            return Verdict::Pass;
        }
        let (version, head) = (exchange.head.version, &exchange.head);
        match host::of_request(version, &head.uri, &head.headers) {
            Ok(Some(authority)) => location(&authority.host, port.get(), exchange)
                .map_or(Verdict::Refuse(Refusal::Internal), |to| {
                    Verdict::Answer(Box::new(redirect(to)))
                }),
            // HTTP/1.0 may come without a host; there is nowhere to send it.
            Ok(None) => Verdict::Refuse(Refusal::HostInvalid(HostFault::Missing)),
            Err(fault) => Verdict::Refuse(Refusal::HostInvalid(fault)),
        }
    }
}

/// Probes of load balancers and containers speak plain HTTP and follow no redirects. And a certificate authority asks in
/// the clear (RFC 8555 §8.3), as long as there is no certificate.
fn is_exempt(exchange: &Exchange) -> bool {
    let path = path::normal_form(exchange.head.uri.path());
    let is_health = path
        .strip_prefix("/health")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_health || path.starts_with("/.well-known/acme-challenge/")
}

/// The port the client came by is that of plain HTTP: the one of https takes its place, unless it goes without saying.
fn location(host: &str, port: u16, exchange: &Exchange) -> Option<HeaderValue> {
    let target = exchange
        .head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let to = match port {
        443 => format!("https://{host}{target}"),
        port => format!("https://{host}:{port}{target}"),
    };
    HeaderValue::from_str(&to).ok()
}

fn redirect(to: HeaderValue) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, to);
    response
}

impl Describe for RedirectToHttps {
    fn describe(&self) -> Vec<String> {
        vec!["308 to https; health pages and ACME challenges are exempt".to_owned()]
    }
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::layers::fixture::{exchange, with};

    fn plain(target: &str, redirects: bool) -> Exchange {
        to_port(target, if redirects { 443 } else { 0 })
    }

    fn to_port(target: &str, port: u16) -> Exchange {
        let mut exchange = exchange("POST", target);
        Arc::get_mut(&mut exchange.connection)
            .unwrap()
            .facts
            .redirect_to_https = port.try_into().ok();
        exchange
    }

    fn sent_to(exchange: &Exchange) -> Option<String> {
        match RedirectToHttps.check(exchange, exchange.arrived) {
            Verdict::Answer(response) => {
                assert_eq!(response.status(), 308);
                Some(response.headers()["location"].to_str().unwrap().to_owned())
            }
            Verdict::Pass => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_target_by_https_and_at_its_port() {
        let request = with(plain("/a%20b/../c?q=1&r", true), "host", "Shop.test:8080");
        assert_eq!(
            sent_to(&request).as_deref(),
            Some("https://shop.test/a%20b/../c?q=1&r")
        );
        let request = with(plain("/", true), "host", "[2001:db8::0:1]:80");
        assert_eq!(sent_to(&request).as_deref(), Some("https://[2001:db8::1]/"));
        let request = with(to_port("/a?b", 8443), "host", "shop.test:8080");
        assert_eq!(sent_to(&request).as_deref(), Some("https://shop.test:8443/a?b"));
        let request = with(to_port("/", 8443), "host", "[::1]");
        assert_eq!(sent_to(&request).as_deref(), Some("https://[::1]:8443/"));
    }

    #[test]
    fn health_acme_challenges_and_other_listeners_are_left_alone() {
        for path in [
            "/health",
            "/health/ready",
            "/health/own/check",
            "//health/live",
            "/.well-known/acme-challenge/token",
        ] {
            assert_eq!(
                sent_to(&with(plain(path, true), "host", "a.test")),
                None,
                "{path}"
            );
        }
        for path in [
            "/healthy",
            "/x/health",
            "/health/../x",
            "/.well-known/acme-challenge",
            "/.well-known/acme-challenge/../x",
        ] {
            assert!(
                sent_to(&with(plain(path, true), "host", "a.test")).is_some(),
                "{path}"
            );
        }
        assert_eq!(sent_to(&with(plain("/", false), "host", "a.test")), None);
    }

    #[test]
    fn what_came_to_a_trusted_proxy_by_https_is_not_sent_round_again() {
        let mut request = with(plain("/", true), "host", "a.test");
        request.client.https = Some(true);
        assert_eq!(sent_to(&request), None);
        request.client.https = Some(false);
        assert!(sent_to(&request).is_some());
    }

    #[test]
    fn without_a_host_there_is_nowhere_to_go() {
        let mut request = plain("/", true);
        request.head.version = http::Version::HTTP_10;
        assert!(matches!(
            RedirectToHttps.check(&request, request.arrived),
            Verdict::Refuse(Refusal::HostInvalid(HostFault::Missing))
        ));
    }
}
