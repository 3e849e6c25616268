//! All that a report may say of a request. No address, no header, no cookie, no query, no path but the
//! route's name: what is not in this type cannot reach Sentry.

use std::sync::Arc;

use http::{HeaderValue, Method};

use crate::http::trace::Trace;

/// A request as reports speak of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The route's name, or `other`.
    pub route: Arc<str>,
    /// The upstream's name.
    pub upstream: Option<Arc<str>>,
    /// By which the log has the rest.
    pub request_id: HeaderValue,
    /// The trace it belongs to.
    pub trace: Trace,
    /// See [`method_name`].
    pub method: &'static str,
    /// The status sent.
    pub status: u16,
    /// The code of our refusal.
    pub refusal: Option<&'static str>,
    /// Whether the upstream's error body was replaced.
    pub masked: bool,
}

impl Case {
    /// Whether an answer is worth an event: a 5xx, unless it was the client's own doing, such as our 501
    /// to TRACE: a scanner must not ring an alarm.
    pub fn is_failure(status: u16, refusal: Option<&str>) -> bool {
        status >= 500 && !(status == 501 && refusal.is_some())
    }

    /// Whether a request is worth a transaction: what is not found or sent too often tells nothing of the
    /// application, and would drown what does (seed row 3-07).
    pub fn is_traffic(status: u16) -> bool {
        !matches!(status, 404 | 429)
    }

    /// What kind of failure it is: the refusal's code, or the upstream's status.
    pub(super) fn class(&self) -> String {
        match self.refusal {
            Some(code) => code.to_owned(),
            None => format!("upstream_{}", self.status),
        }
    }
}

/// The method, if it is one everybody has; anybody can invent others.
pub fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("other")
}

#[cfg(test)]
pub(super) fn case(route: &str, status: u16, refusal: Option<&'static str>) -> Case {
    Case {
        route: route.into(),
        upstream: Some("backend".into()),
        request_id: HeaderValue::from_static("the-request"),
        trace: Trace::of(&http::HeaderMap::new(), || true),
        method: "GET",
        status,
        refusal,
        masked: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_5xx_that_are_not_the_clients_doing_are_failures() {
        assert!(Case::is_failure(502, Some("upstream_closed")));
        assert!(Case::is_failure(500, None));
        assert!(
            Case::is_failure(501, None),
            "the application does not know a method"
        );
        assert!(!Case::is_failure(501, Some("method_refused")));
        for status in [200, 301, 404, 413, 429, 499] {
            assert!(!Case::is_failure(status, None), "{status}");
        }
    }

    #[test]
    fn invented_methods_are_not_repeated() {
        assert_eq!(method_name(&Method::PATCH), "PATCH");
        let invented = Method::from_bytes(b"MY-PHONE-NUMBER");
        assert_eq!(invented.as_ref().map(method_name).ok(), Some("other"));
    }
}
