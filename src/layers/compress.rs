//! `compression`: which answers are gzipped, and what their headers must then say (RFC 9110 §8.4, §8.8.1, §12.5.5).
//! The last thing done to a body on its way out; what the upstream has coded itself passes as it is. A client
//! is never refused for its `Accept-Encoding`.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body::Body as _;

use crate::http::accept_encoding::accepts_gzip;
use crate::http::exchange::{Exchange, Response};
use crate::http::gzip::DIGESTS;
use crate::layers::compress::types::Types;
use crate::layers::{Describe, Edit};
use crate::policy::Size;

pub mod types;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// What else tells of bytes that are no longer sent: how many, and that parts of them can be had.
const OF_THE_PLAIN_BYTES: [HeaderName; 2] = [header::CONTENT_LENGTH, header::ACCEPT_RANGES];

/// The compiled rule of a route.
#[derive(Debug, PartialEq, Eq)]
pub struct Compress {
    /// How hard to try, 1 to 9.
    pub level: u8,
    /// Bodies known to be smaller are left alone, in bytes; at least 1.
    pub min_size: u64,
    /// Whose bodies are compressed.
    pub types: Types,
}

/// What the request said about it.
#[derive(Debug, Default)]
pub struct Wish {
    /// It takes gzip, and asks for neither a part nor the bytes untouched.
    gzip: bool,
    /// The entity tags it has (`If-None-Match`).
    has: Option<HeaderValue>,
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Passes untouched.
    Untouched,
    /// Passes, but for another client it would be compressed.
    Plain,
    /// Is compressed.
    Gzipped,
}

impl Edit for Compress {
    type Note = Wish;

    fn before(&self, exchange: &Exchange) -> Wish {
        let headers = &exchange.head.headers;
        if !accepts_gzip(headers) {
            return Wish::default();
        }
        Wish {
            gzip: !headers.contains_key(header::RANGE) && !no_transform(headers),
            has: headers.get(header::IF_NONE_MATCH).cloned(),
        }
    }

    fn after(&self, wish: Wish, exchange: &Exchange, response: &mut Response) {
        if response.status() == StatusCode::NOT_MODIFIED {
            return confirm(response.headers_mut(), wish.has.as_ref());
        }
        let head_only = exchange.head.method == Method::HEAD;
        let fate = self.judge(&wish, head_only, response);
        if fate != Fate::Untouched {
            vary(response.headers_mut());
        }
        if fate != Fate::Gzipped {
            return;
        }
        if !head_only {
            let Some(slot) = exchange.connection.encoders.open() else {
                return;
            };
            let body = std::mem::take(response.body_mut());
            *response.body_mut() = body.gzipped(self.level, slot);
        }
        let headers = response.headers_mut();
        for gone in OF_THE_PLAIN_BYTES.into_iter().chain(DIGESTS) {
            headers.remove(gone);
        }
        headers.insert(header::CONTENT_ENCODING, GZIP);
        weaken(headers);
    }
}

impl Compress {
    fn judge(&self, wish: &Wish, head_only: bool, response: &Response) -> Fate {
        let (status, headers) = (response.status(), response.headers());
        let worth_it = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| self.types.contain(kind.as_bytes()));
        // RFC 9110 §7.7: what says so is not transformed, and then it is the same for everyone.
        if !worth_it || has_no_body(status) || no_transform(headers) {
            return Fate::Untouched;
        }
        let coded = headers.get(header::CONTENT_ENCODING);
        let length = if head_only {
            told_length(headers)
        } else {
            response.body().size_hint().exact()
        };
        // A part of the plain bytes is no part of the coded ones (RFC 9110 §14.4).
        let partial = status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE);
        if !wish.gzip
            || partial
            || coded.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
            || length.is_some_and(|length| length < self.min_size)
        {
            return Fate::Plain;
        }
        Fate::Gzipped
    }
}

/// RFC 9110 §6.4.1.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
}

fn told_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// RFC 9111 §5.2.1.6 and §5.2.2.6.
fn no_transform(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CACHE_CONTROL) && lists(headers, &header::CACHE_CONTROL, b"no-transform")
}

/// A cache must not hand one client's coding to another that cannot read it.
fn vary(headers: &mut HeaderMap) {
    let told = headers.contains_key(header::VARY)
        && (lists(headers, &header::VARY, b"accept-encoding") || lists(headers, &header::VARY, b"*"));
    if !told {
        headers.append(header::VARY, ACCEPT_ENCODING);
    }
}

/// A strong tag promises the same bytes, which these are not; a weak one the same meaning (RFC 9110 §8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG) else {
        return;
    };
    if tag.as_bytes().starts_with(b"W/") {
        return;
    }
    let weak = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat());
    headers.insert(
        header::ETAG,
        weak.expect("a header value with two letters before it is one"),
    );
}

/// 304 names the tag that 200 would have (RFC 9110 §15.4.5): a client that has our weak form is told that one,
/// or a cache would not find the answer it stored (RFC 9111 §4.3.4).
fn confirm(headers: &mut HeaderMap, has: Option<&HeaderValue>) {
    let (Some(has), Some(tag)) = (has, headers.get(header::ETAG)) else {
        return;
    };
    let weak = [b"W/", tag.as_bytes()].concat();
    if tag.as_bytes().starts_with(b"\"") && has.as_bytes().windows(weak.len()).any(|part| part == weak) {
        weaken(headers);
        vary(headers);
    }
}

/// Whether a header whose value is a list has this element.
fn lists(headers: &HeaderMap, name: &HeaderName, element: &[u8]) -> bool {
    headers
        .get_all(name)
        .into_iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .any(|found| found.trim_ascii().eq_ignore_ascii_case(element))
}

impl Describe for Compress {
    fn describe(&self) -> Vec<String> {
        vec![
            format!("gzip level {} from {} on", self.level, Size(self.min_size)),
            self.types.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests;
