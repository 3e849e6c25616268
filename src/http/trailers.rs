//! Which fields may stand after a body (RFC 9110 §6.5.1). A receiver may merge trailers into the head, so that
//! what frames, routes, authenticates or vouches for a message would be said after all checks are done.

use http::HeaderMap;

use crate::http::{fields, hop, proxy_headers};

/// Sorted.
const FORBIDDEN: [&str; 30] = [
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "referer",
    "retry-after",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-api-key",
    "x-request-id",
];
const FORBIDDEN_FAMILIES: [&str; 7] = [
    "access-control-",
    "content-security-",
    "if-",
    "proxy-",
    "sec-",
    "x-auth",
    "x-forwarded",
];

/// Named as CGI's words on the server are, and meant to stand there (Server Timing §3).
const SERVER_TIMING: &str = "server-timing";

/// Takes off the fields that may not stand there, under either spelling of `-`.
pub fn drop_forbidden(trailers: &mut HeaderMap) {
    if trailers.keys().any(|name| is_forbidden(name.as_str())) {
        fields::retain(trailers, |name| !is_forbidden(name.as_str()));
    }
}

fn is_forbidden(name: &str) -> bool {
    if name.contains('_') {
        return is_forbidden(&name.replace('_', "-"));
    }
    FORBIDDEN.binary_search(&name).is_ok()
        || FORBIDDEN_FAMILIES.iter().any(|family| name.starts_with(family))
        || hop::is_hop_by_hop(name)
        || proxy_headers::kind(name).is_some() && name != SERVER_TIMING
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(FORBIDDEN.is_sorted());
    }

    #[test]
    fn what_speaks_of_the_body_passes_and_what_steers_the_message_does_not() {
        let allowed = [
            "content-digest",
            "etag",
            "grpc-status",
            "grpc-message",
            "server-timing",
            "x-checksum",
            "my_sum",
        ];
        let forbidden = [
            "transfer-encoding",
            "content-length",
            "host",
            "te",
            "connection",
            "authorization",
            "cookie",
            "set-cookie",
            "x-forwarded-for",
            "x_forwarded_for",
            "x-real-ip",
            "x-original-url",
            "proxy",
            "proxy-authorization",
            "trailer",
            "content_length",
            "if-match",
            "sec-websocket-key",
            "cf-connecting-ip",
            "script_name",
            "remote-user",
            "server-name",
        ];
        let mut trailers = HeaderMap::new();
        for name in allowed.iter().chain(&forbidden) {
            trailers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                "1".parse().unwrap(),
            );
        }
        drop_forbidden(&mut trailers);
        let left: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, allowed);
    }
}
