//! What HTTP/2 writes otherwise than HTTP/1.1: its heads are brought into the form that routes, rules and
//! upstreams read, and answers into the form it demands (RFC 9113 §8). Frames and their limits are hyper's.

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Uri, header, request};
use http_body::Body as _;

use crate::http::body::Body;
use crate::http::exchange::Response;
use crate::http::fields;
use crate::http::guard::fault::Fault;

/// What a decoder of HTTP/2 lets pass and the next hop would read as something else, or refuse: white space around a
/// value (RFC 9113 §8.2.1), a scheme that is not HTTP's, and a target with bytes that must be escaped (RFC 3986 §2).
pub fn judge(head: &request::Parts) -> Result<(), Fault> {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    for value in head.headers.values() {
        let value = value.as_bytes();
        if blank(value.first()) || blank(value.last()) {
            return Err(Fault::SpaceAroundValue);
        }
    }
    // Any scheme may be asked for (RFC 9113 §8.3.1), even none; what is served here has one of two.
    if let Some(scheme) = head.uri.scheme()
        && *scheme != Scheme::HTTP
        && *scheme != Scheme::HTTPS
    {
        return Err(Fault::Target);
    }
    if head.uri.path_and_query().is_some_and(is_no_target) {
        return Err(Fault::Target);
    }
    Ok(())
}

/// Bytes that must be escaped; or no path, which a `Uri` shows as `/` and writes as nothing: `?x`, and a fragment that
/// was all there was (the decoder cuts fragments off).
fn is_no_target(target: &PathAndQuery) -> bool {
    let text = target.as_str();
    let empty = || Uri::from(target.clone()).path().is_empty();
    !text.starts_with('/') || text == "/" && empty() || !text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Takes out of a request's headers what means nothing to the next hop, or several things to several readers.
pub fn unfold(headers: &mut HeaderMap) {
    join_cookies(headers);
    // Each hop asks for trailers itself (RFC 9110 §10.1.4), and the next one is HTTP/1.1.
    fields::remove(headers, &header::TE);
    // Equal lengths may be repeated, and the body has been checked against them; a second line is bait for parsers.
    if headers.get_all(header::CONTENT_LENGTH).iter().nth(1).is_some()
        && let Some(length) = headers.get(header::CONTENT_LENGTH).cloned()
    {
        headers.insert(header::CONTENT_LENGTH, length);
    }
}

/// `Cookie` may come in crumbs, one field for each; HTTP/1.1 has one line (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (crumbs.next(), crumbs.next()) else {
        return;
    };
    let mut joined = [first.as_bytes(), b"; ", second.as_bytes()].concat();
    for crumb in crumbs {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(crumb.as_bytes());
    }
    let mut joined = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined))
        .expect("header values joined by a separator are a header value");
    joined.set_sensitive(true);
    headers.insert(header::COOKIE, joined);
}

/// `:authority` → `Host`, in place of any other (RFC 9113 §8.3.1). For requests whose authority has been judged.
pub fn name_host(head: &mut request::Parts) {
    let named = head
        .uri
        .authority()
        .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = named {
        head.headers.insert(header::HOST, host);
    }
}

/// Takes off an answer what HTTP/2 forbids: headers about the connection (RFC 9113 §8.2.2), and a body where
/// HTTP/1.1 would know by itself not to send it.
pub fn fit(method: &Method, response: &mut Response) {
    response.headers_mut().remove(header::CONNECTION);
    if *method != Method::HEAD || response.body().is_streamed() {
        return;
    }
    let length = response.body().size_hint().exact().unwrap_or_default();
    *response.body_mut() = Body::Empty;
    if length > 0 && !response.headers().contains_key(header::CONTENT_LENGTH) {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use http::Request;

    use super::*;

    fn head(lines: &[(&'static str, &'static str)]) -> request::Parts {
        let (mut head, ()) = Request::get("https://a.test:8443/x")
            .body(())
            .unwrap()
            .into_parts();
        for (name, value) in lines {
            head.headers.append(*name, HeaderValue::from_static(value));
        }
        head
    }

    #[test]
    fn white_space_around_a_value_and_targets_of_other_kinds_are_refused() {
        for value in [" a", "a ", "\ta", " "] {
            assert_eq!(
                judge(&head(&[("x-a", value)])),
                Err(Fault::SpaceAroundValue),
                "{value:?}"
            );
        }
        assert_eq!(judge(&head(&[("x-a", "a b"), ("x-b", "")])), Ok(()));
        for target in ["https://a.test/caf\u{e9}", "ftp://a.test/", "https://a.test?x"] {
            let mut other = head(&[]);
            other.uri = target.parse().unwrap();
            assert_eq!(judge(&other), Err(Fault::Target), "{target}");
        }
    }

    #[test]
    fn cookies_in_crumbs_become_one_line() {
        let mut head = head(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3; d=4")]);
        unfold(&mut head.headers);
        assert_eq!(head.headers.get_all("cookie").iter().count(), 1);
        assert_eq!(head.headers["cookie"], "a=1; b=2; c=3; d=4");
    }

    #[test]
    fn one_cookie_stays_as_it_is() {
        let mut head = head(&[("cookie", "a=1")]);
        unfold(&mut head.headers);
        assert_eq!(head.headers["cookie"], "a=1");
    }

    #[test]
    fn a_repeated_length_is_said_once_and_te_is_for_one_hop() {
        let mut head = head(&[
            ("content-length", "5"),
            ("content-length", "5"),
            ("te", "trailers"),
        ]);
        unfold(&mut head.headers);
        assert_eq!(head.headers.get_all("content-length").iter().count(), 1);
        assert!(!head.headers.contains_key("te"));
    }

    #[test]
    fn the_authority_takes_the_place_of_host() {
        let mut head = head(&[("host", "A.test:8443")]);
        name_host(&mut head);
        assert_eq!(head.headers["host"], "a.test:8443");
    }

    #[test]
    fn an_answer_to_head_keeps_its_length_and_loses_its_body() {
        let mut response = Response::new(Body::from("12345"));
        response
            .headers_mut()
            .insert("connection", HeaderValue::from_static("close"));
        fit(&Method::HEAD, &mut response);
        assert_eq!(response.headers()["content-length"], "5");
        assert!(!response.headers().contains_key("connection"));
        assert!(response.body().is_end_stream());
        let mut response = Response::new(Body::from("12345"));
        fit(&Method::GET, &mut response);
        assert!(!response.body().is_end_stream());
    }
}
