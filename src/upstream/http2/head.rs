//! The head of a request as HTTP/2 writes it (RFC 9113 §8.3): scheme and authority in the target, nothing about
//! the connection among the fields.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, UPGRADE};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};

use crate::http::body::Body;
use crate::http::grpc::is_grpc;
use crate::http::message::Message;
use crate::http::refusal::Refusal;

const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Parts a message, which has a `Host`, into its head and its body.
pub(in crate::upstream) fn part(message: Message, secure: bool) -> Result<(Request<()>, Body), Refusal> {
    let mut headers = HeaderMap::from(message.lines);
    let host = headers.remove(HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    // There is no Upgrade in HTTP/2 (RFC 9113 §8.6): the server answers as to any other GET.
    headers.remove(CONNECTION);
    headers.remove(UPGRADE);
    // Each hop asks for trailers itself, and we pass them on. gRPC servers turn away who does not ask.
    if is_grpc(&headers) {
        headers.insert(TE, TRAILERS);
    }
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(authority.ok_or(Refusal::TargetInvalid)?);
    parts.path_and_query = Some(message.target);
    let mut request = Request::new(());
    *request.method_mut() = message.method;
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Refusal::TargetInvalid)?;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok((request, message.body))
}

/// Says how long the body is, where that is known and was not said.
pub(super) fn say_length(request: &mut Request<()>, length: Option<u64>) {
    let expected = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if let Some(length) = length.filter(|length| *length > 0 || expected) {
        let length = HeaderValue::from(length);
        request.headers_mut().entry(CONTENT_LENGTH).or_insert(length);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use http::HeaderName;
    use http::uri::PathAndQuery;

    use super::*;

    fn head(lines: &[(&'static str, &'static str)], secure: bool) -> Request<()> {
        let target = PathAndQuery::from_static("/a%2Fb?c");
        let mut message = Message::new(Method::POST, target, Body::Empty);
        for (name, value) in lines {
            let name = HeaderName::from_static(name);
            message.lines.push(name, HeaderValue::from_static(value));
        }
        part(message, secure).unwrap().0
    }

    #[test]
    fn host_becomes_the_authority_and_the_path_stays_byte_for_byte() {
        let request = head(&[("host", "shop.test:8080"), ("x-a", "1")], true);
        assert_eq!(request.uri(), "https://shop.test:8080/a%2Fb?c");
        assert!(!request.headers().contains_key("host") && request.headers().contains_key("x-a"));
        assert_eq!(head(&[("host", "a")], false).uri().scheme_str(), Some("http"));
    }

    #[test]
    fn a_connection_has_no_say_and_trailers_are_asked_for_where_they_are_needed() {
        let request = head(
            &[("host", "a"), ("connection", "upgrade"), ("upgrade", "websocket")],
            false,
        );
        assert!(request.headers().is_empty());
        let request = head(
            &[("host", "a"), ("content-type", "application/grpc+proto")],
            false,
        );
        assert_eq!(request.headers()["te"], "trailers");
    }
}
