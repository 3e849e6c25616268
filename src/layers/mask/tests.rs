//! What is read of a body, and how it is judged, on small bodies; `tests/it/errors` has those of real software.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::{HeaderValue, StatusCode};

use super::*;

const TRACE: &[u8] = b"Traceback (most recent call last)";

fn resolved(text: &str) -> String {
    let text = escapes::resolved(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec());
    String::from_utf8(text).unwrap()
}

fn coded(name: &'static str) -> HeaderMap {
    let coding = (header::CONTENT_ENCODING, HeaderValue::from_static(name));
    HeaderMap::from_iter([coding])
}

#[test]
fn escapes_of_json_are_resolved() {
    assert_eq!(resolved(r#"a\n\tat\u000a\"\/x\""#), "a\n\tat\n\"/x\"");
    assert_eq!(
        resolved(r"C:\\x\y \u00e4 \ud800 \u12"),
        "C:\\x\\y ä \u{fffd} \\u12"
    );
    assert_eq!(resolved("a\\"), "a\\");
}

#[test]
fn entities_and_tags_of_html_are_resolved() {
    assert_eq!(
        resolved("&lt;init&gt; &quot;&#39;&#x2F;&amp;lt; &nbsp;at"),
        "<init> \"'/&lt;  at"
    );
    assert_eq!(
        resolved("in <b>/a.php</b> on line <b title='x'>3</b><br />x"),
        "in /a.php on line 3\nx"
    );
    assert_eq!(
        resolved("a < b && b > c; <!-- x --> &unknown; &"),
        "a < b && b > c; <!-- x --> &unknown; &"
    );
    assert_eq!(resolved("x\0y\0"), "xy");
}

#[test]
fn a_body_is_read_in_the_codings_that_are_understood() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(TRACE).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(TRACE).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(TRACE).unwrap();
    for (name, bytes) in [
        ("identity", TRACE.to_vec()),
        ("gzip", gzip.clone()),
        ("X-GZIP, identity", gzip.clone()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
    ] {
        assert_eq!(
            coding::unfolded(&coded(name), &bytes).as_deref(),
            Some(TRACE),
            "{name}"
        );
    }
    for (name, bytes) in [
        ("br", TRACE),
        ("gzip, gzip", &gzip),
        ("gzip", TRACE),
        ("zstd", TRACE),
    ] {
        assert_eq!(coding::unfolded(&coded(name), bytes), None, "{name}");
    }
    let cut = coding::unfolded(&coded("gzip"), &gzip[..gzip.len() - 9]);
    assert!(
        TRACE.starts_with(&cut.unwrap()),
        "what was cut is read as far as it goes"
    );
}

#[test]
fn what_unfolds_without_end_is_read_no_further_than_any_body() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b' '; 8 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert_eq!(coding::unfolded(&coded("gzip"), &bomb).unwrap().len(), PEEK);
}

#[test]
fn nothing_but_errors_is_looked_at_and_of_4xx_what_people_read() {
    let metrics = crate::observe::metrics::Metrics::new(std::time::SystemTime::now());
    let mask = |which| Mask::new(which, Arc::clone(&metrics));
    let answer = |status: u16, kind: &'static str| {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let kind = HeaderValue::from_static(kind);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    for kind in ["text/html", "application/problem+json", "text/plain; charset=x"] {
        assert!(mask(Which::Leaky).wants(&answer(404, kind)), "{kind}");
        assert!(!mask(Which::All).wants(&answer(404, kind)), "{kind}");
        assert!(!mask(Which::Leaky).wants(&answer(200, kind)), "{kind}");
    }
    for kind in ["text/event-stream", "image/png", "application/grpc"] {
        assert!(!mask(Which::Leaky).wants(&answer(404, kind)), "{kind}");
        assert!(mask(Which::Leaky).wants(&answer(502, kind)), "{kind}");
    }
}

#[test]
fn the_first_line_of_a_panic_is_enough() {
    let line = b"thread 'main' (22750) panicked at src/orders.rs:14:34:\nindex out of bounds";
    assert_eq!(judge::find(line, |_| true), Some(Found::Grave("rust")));
    assert_eq!(
        judge::find(line, |kind| kind == Kind::Page),
        Some(Found::Light("rust"))
    );
    assert_eq!(judge::find(b"the thread panicked at line 7", |_| true), None);
}
