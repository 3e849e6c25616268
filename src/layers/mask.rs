//! `errors.mask`: the application's 5xx bodies that leak (HTML debug pages, plain text, stack traces) are
//! replaced by a problem that names only the status and the request id (seed row 3-09). Status,
//! `Retry-After` and other headers stay; the log keeps the beginning of what was hidden.

use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt;

use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::problem::Problem;
use crate::layers::{Describe, Mend};

/// How much of a body is looked at for a trace; also all of it that is ever held.
const PEEK: usize = 16 * 1024;
/// How much of a hidden body goes to the log.
const EXCERPT: usize = 512;

/// What a stack trace looks like in the languages people run behind a gateway.
const TRACES: [&str; 10] = [
    "Traceback (most recent call last)",
    "\\n    at ",
    "\n    at ",
    "\tat ",
    "\\tat ",
    "Exception in thread",
    "stack backtrace:",
    "goroutine 1 [",
    "File \\\"/",
    "Stack trace:",
];

/// Which 5xx bodies of the application are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Those that leak.
    Leaky,
    /// All.
    All,
}

impl Mend for Mask {
    fn wants(&self, response: &Response) -> bool {
        response.status().is_server_error()
    }

    async fn mend(&self, exchange: &mut Exchange, mut response: Response) -> Response {
        let (seen, broken) = peek(response.body_mut()).await;
        let leaks = broken
            || match self {
                Self::All => true,
                Self::Leaky => is_leaky_type(&response) || looks_like_a_trace(&seen),
            };
        if leaks && !seen.is_empty() {
            let excerpt = String::from_utf8_lossy(seen.get(..EXCERPT).unwrap_or(&seen));
            tracing::warn!(
                request_id = exchange.request_id.to_str().unwrap_or_default(),
                status = response.status().as_u16(),
                path = exchange.head.uri.path(),
                excerpt = &*excerpt,
                "an error page of the upstream was hidden"
            );
        }
        if leaks {
            exchange.notes.masked = true;
            let detail = "the application failed to answer this request";
            Problem::new(response.status(), "upstream_error", detail, &exchange.request_id)
                .replace(&mut response);
        } else {
            response.body_mut().push_front(seen);
        }
        response
    }
}

/// HTML and plain text are made for developers' eyes; so is a body that does not say what it is.
fn is_leaky_type(response: &Response) -> bool {
    let Some(kind) = response.headers().get(header::CONTENT_TYPE) else {
        return true;
    };
    let kind = kind.as_bytes().to_ascii_lowercase();
    [b"text/".as_slice(), b"application/xhtml"]
        .iter()
        .any(|leaky| kind.starts_with(leaky))
}

fn looks_like_a_trace(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    TRACES.iter().any(|trace| text.contains(trace))
}

/// Takes the first bytes off a body: until [`PEEK`] are there or it ends. The second value says whether it
/// broke off: then it must not be passed on, since the cut would look like the end.
async fn peek(body: &mut Body) -> (Bytes, bool) {
    let mut seen = BytesMut::new();
    while seen.len() < PEEK && body.is_streamed() {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => seen.extend_from_slice(&bytes),
                Err(_trailers) => break,
            },
            Some(Err(_)) => return (seen.freeze(), true),
            None => break,
        }
    }
    (seen.freeze(), false)
}

impl Describe for Mask {
    fn describe(&self) -> Vec<String> {
        vec![match self {
            Self::Leaky => "5xx bodies that are HTML, plain text or a trace".to_owned(),
            Self::All => "every 5xx body".to_owned(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of_type(kind: &'static str) -> Response {
        let mut response = Response::new(Body::Empty);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    #[test]
    fn html_plain_text_and_unnamed_bodies_leak_json_does_not() {
        assert!(is_leaky_type(&of_type("Text/HTML; charset=utf-8")));
        assert!(is_leaky_type(&of_type("text/plain")));
        assert!(is_leaky_type(&Response::new(Body::Empty)));
        assert!(!is_leaky_type(&of_type("application/json")));
        assert!(!is_leaky_type(&of_type("application/problem+json")));
    }

    #[test]
    fn a_trace_is_found_inside_json() {
        assert!(looks_like_a_trace(
            br#"{"detail":"Traceback (most recent call last):\n  File"}"#
        ));
        assert!(looks_like_a_trace(
            br#"{"stack":"Error: x\n    at Object.<anonymous>"}"#
        ));
        assert!(!looks_like_a_trace(br#"{"detail":"out of stock"}"#));
    }

    #[test]
    fn only_server_errors_are_looked_at() {
        let mut response = of_type("text/html");
        assert!(!Mask::All.wants(&response));
        *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert!(Mask::Leaky.wants(&response));
    }
}
