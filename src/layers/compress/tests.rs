#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::http::body::Body;
use crate::layers::fixture::{exchange, with};
use crate::policy::compression::MediaRange;
use crate::policy::defaults;

fn rule() -> Compress {
    Compress {
        level: 6,
        min_size: 1000,
        types: Types::new(&defaults::COMPRESSION_TYPES.map(|range| MediaRange(range.to_owned()))),
    }
}

fn asking() -> Exchange {
    with(exchange("GET", "/"), "accept-encoding", "gzip, br")
}

/// An answer of 2000 bytes with these headers.
fn json(headers: &[(&'static str, &'static str)]) -> Response {
    let mut response = Response::new(Body::from(vec![b'x'; 2000]));
    let own = [("content-type", "application/json")];
    for (name, value) in own.iter().chain(headers) {
        response
            .headers_mut()
            .append(*name, HeaderValue::from_static(value));
    }
    response
}

fn passed(exchange: &Exchange, mut response: Response) -> Response {
    let rule = rule();
    rule.after(rule.before(exchange), exchange, &mut response);
    response
}

#[track_caller]
fn assert_fate(response: &Response, expected: Fate) {
    let headers = response.headers();
    assert_eq!(
        headers
            .get("content-encoding")
            .is_some_and(|coding| coding == "gzip"),
        expected == Fate::Gzipped,
        "{headers:?}"
    );
    assert_eq!(
        lists(headers, &header::VARY, b"accept-encoding"),
        expected != Fate::Untouched,
        "{headers:?}"
    );
}

#[test]
fn what_is_worth_it_is_gzipped_for_those_who_take_it() {
    assert_fate(&passed(&asking(), json(&[])), Fate::Gzipped);
    assert_fate(&passed(&exchange("GET", "/"), json(&[])), Fate::Plain);
    let forbids = with(exchange("GET", "/"), "accept-encoding", "gzip;q=0, *");
    assert_fate(&passed(&forbids, json(&[])), Fate::Plain);
}

#[test]
fn the_headers_no_longer_tell_of_the_plain_bytes() {
    let response = passed(
        &asking(),
        json(&[
            ("content-length", "2000"),
            ("accept-ranges", "bytes"),
            ("content-md5", "x"),
            ("digest", "x"),
            ("content-digest", "x"),
            ("repr-digest", "x"),
            ("etag", "\"v1\""),
            ("vary", "origin"),
        ]),
    );
    let mut names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-encoding", "content-type", "etag", "vary"]);
    assert_eq!(response.headers()["etag"], "W/\"v1\"");
    let vary: Vec<_> = response.headers().get_all("vary").into_iter().collect();
    assert_eq!(vary, ["origin", "accept-encoding"]);
}

#[test]
fn vary_is_said_once() {
    for said in ["Accept-Encoding", "origin, accept-encoding", "*"] {
        let response = passed(&asking(), json(&[("vary", said)]));
        assert_eq!(
            response.headers().get_all("vary").into_iter().count(),
            1,
            "{said}"
        );
    }
}

#[test]
fn a_weak_tag_stays() {
    let response = passed(&asking(), json(&[("etag", "W/\"v1\"")]));
    assert_eq!(response.headers()["etag"], "W/\"v1\"");
}

#[test]
fn the_tag_of_a_plain_answer_stays_strong() {
    let response = passed(&exchange("GET", "/"), json(&[("etag", "\"v1\"")]));
    assert_eq!(response.headers()["etag"], "\"v1\"");
}

#[test]
fn what_must_not_be_transformed_is_not() {
    let told = json(&[("cache-control", "public, No-Transform")]);
    assert_fate(&passed(&asking(), told), Fate::Untouched);
    let asked = with(asking(), "cache-control", "no-transform");
    assert_fate(&passed(&asked, json(&[])), Fate::Plain);
}

#[test]
fn what_is_coded_already_is_not_coded_again() {
    for coding in ["gzip", "br", "zstd", "aws-chunked"] {
        let response = passed(&asking(), json(&[("content-encoding", coding)]));
        assert_eq!(response.headers()["content-encoding"], coding);
        assert_eq!(response.body().size_hint().exact(), Some(2000), "{coding}");
    }
    assert_fate(
        &passed(&asking(), json(&[("content-encoding", "identity")])),
        Fate::Gzipped,
    );
}

#[test]
fn parts_are_left_alone() {
    let mut part = json(&[("content-range", "bytes 0-1999/9000"), ("etag", "\"v1\"")]);
    *part.status_mut() = StatusCode::PARTIAL_CONTENT;
    let part = passed(&asking(), part);
    assert_fate(&part, Fate::Plain);
    assert_eq!(part.headers()["etag"], "\"v1\"");
    let asked = with(asking(), "range", "bytes=0-99");
    assert_fate(&passed(&asked, json(&[])), Fate::Plain);
}

#[test]
fn small_and_empty_bodies_are_left_alone() {
    let mut response = json(&[]);
    *response.body_mut() = Body::from(vec![b'x'; 999]);
    assert_fate(&passed(&asking(), response), Fate::Plain);
    let mut response = json(&[]);
    *response.body_mut() = Body::Empty;
    assert_fate(&passed(&asking(), response), Fate::Plain);
}

#[test]
fn other_types_and_streams_are_left_alone() {
    for kind in [
        "image/png",
        "text/event-stream",
        "application/grpc",
        "application/zip",
    ] {
        let mut response = json(&[]);
        response
            .headers_mut()
            .insert("content-type", HeaderValue::from_static(kind));
        assert_fate(&passed(&asking(), response), Fate::Untouched);
    }
    let mut response = json(&[]);
    response.headers_mut().remove("content-type");
    assert_fate(&passed(&asking(), response), Fate::Untouched);
}

#[test]
fn statuses_without_a_body_are_left_alone() {
    for status in [101, 204, 205] {
        let mut response = json(&[]);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        assert_fate(&passed(&asking(), response), Fate::Untouched);
    }
}

#[test]
fn head_has_the_headers_of_get() {
    let request = with(exchange("HEAD", "/"), "accept-encoding", "gzip");
    let answer = |length| {
        let mut response = json(&[("content-length", length), ("etag", "\"v1\"")]);
        *response.body_mut() = Body::Empty;
        passed(&request, response)
    };
    let large = answer("1000");
    assert_fate(&large, Fate::Gzipped);
    assert_eq!(large.headers()["etag"], "W/\"v1\"");
    assert!(!large.headers().contains_key("content-length"));
    assert!(matches!(large.body(), Body::Empty));
    assert_fate(&answer("999"), Fate::Plain);
}

#[test]
fn not_modified_names_the_tag_the_client_has() {
    let confirmed = |has: &'static str, tag: &'static str| {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
            .headers_mut()
            .insert("etag", HeaderValue::from_static(tag));
        let response = passed(&with(asking(), "if-none-match", has), response);
        response.headers()["etag"].to_str().unwrap().to_owned()
    };
    assert_eq!(confirmed("W/\"v1\"", "\"v1\""), "W/\"v1\"");
    assert_eq!(confirmed("\"a\", W/\"v1\"", "\"v1\""), "W/\"v1\"");
    assert_eq!(confirmed("\"v1\"", "\"v1\""), "\"v1\"");
    assert_eq!(confirmed("W/\"v1\"", "W/\"v1\""), "W/\"v1\"");
}
