//! Our own answers as `application/problem+json` (RFC 9457): a stable `code`, the request id, and
//! nothing of what lies behind the gateway.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::body::Body;
use crate::http::exchange::Response;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What a client is told of a request that failed.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// Always `about:blank`: the status says what kind of problem it is (RFC 9457 §4.2.1).
    pub r#type: &'static str,
    /// The reason phrase of the status.
    pub title: &'a str,
    /// The status, again in the body for clients that lose the head.
    pub status: u16,
    /// The stable name of the reason.
    pub code: &'a str,
    /// What happened, in a few words.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub detail: &'a str,
    /// Which deadline ran out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<&'static str>,
    /// To find the request in the log.
    pub request_id: &'a str,
}

impl<'a> Problem<'a> {
    /// A problem with this status, code and words.
    pub fn new(status: StatusCode, code: &'a str, detail: &'a str, request_id: &'a HeaderValue) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail,
            timeout: None,
            request_id: request_id.to_str().unwrap_or_default(),
        }
    }

    /// The body alone.
    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The whole answer, never to be stored by a cache.
    pub fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::dress(&mut response);
        response
    }

    /// Turns the answer of somebody else into this problem; its status and remaining headers stay.
    pub fn replace(&self, response: &mut Response) {
        for gone in [
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::ETAG,
            header::LAST_MODIFIED,
            header::TRAILER,
        ] {
            response.headers_mut().remove(gone);
        }
        *response.body_mut() = Body::from(self.body());
        Self::dress(response);
    }

    fn dress(response: &mut Response) {
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_code_and_request_id() {
        let id = HeaderValue::from_static("abc-12345");
        let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", "no route", &id);
        let text = String::from_utf8(problem.body()).unwrap();
        assert_eq!(
            text,
            r#"{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"no route","request_id":"abc-12345"}"#
        );
    }

    #[test]
    fn a_replaced_answer_keeps_its_status_and_retry_after() {
        let id = HeaderValue::from_static("abc-12345");
        let mut response = Response::new(Body::from("Traceback"));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        response
            .headers_mut()
            .insert(header::ETAG, HeaderValue::from_static("\"x\""));
        Problem::new(response.status(), "upstream_error", "", &id).replace(&mut response);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        assert!(!response.headers().contains_key(header::ETAG));
    }
}
