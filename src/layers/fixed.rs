//! `respond`: an answer that is always the same, made when the policy is compiled. No template, no file.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::http::body::Body;
use crate::http::exchange::Response;
use crate::layers::Describe;

/// The answer of a route.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, `Content-Type` among them.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Fixed {
    /// One copy of it; the body is shared.
    pub fn answer(&self) -> Response {
        let body = if self.body.is_empty() {
            Body::Empty
        } else {
            Body::Full(self.body.clone())
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        response
    }
}

impl Describe for Fixed {
    fn describe(&self) -> Vec<String> {
        vec![format!(
            "answers {} by itself, {} bytes",
            self.status.as_u16(),
            self.body.len()
        )]
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};
    use http_body::Body as _;

    use super::*;

    #[test]
    fn answers_the_same_each_time() {
        let fixed = Fixed {
            status: StatusCode::GONE,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]),
            body: Bytes::from_static(b"gone"),
        };
        for _ in 0..2 {
            let response = fixed.answer();
            assert_eq!(
                (response.status(), response.headers().len()),
                (StatusCode::GONE, 1)
            );
            assert_eq!(response.body().size_hint().exact(), Some(4));
        }
    }
}
