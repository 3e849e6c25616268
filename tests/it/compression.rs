//! Compression: the last thing done to a body. Every test that expects gzip decodes it and compares.

mod streams;

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::pipe::Body;
use crate::support::reply::chunk;
use crate::support::wire::Answer;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy};

mod load;
mod protocols;
mod together;

/// About 20 KiB of records, as an API would list them.
pub fn records(least: usize) -> String {
    let words = [
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo",
        "lima", "mike", "november", "oscar", "papa",
    ];
    let mut state = 42_u64;
    let mut pick = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    let mut rows = Vec::new();
    let mut length = 0;
    while length < least {
        let text: Vec<_> = (0..12).map(|_| words[pick(16)]).collect();
        let row = format!(
            r#"{{"id": {}, "user": "{}{}", "email": "{}.{}@example.org", "active": {}, "score": {}.{:03}, "tags": ["{}", "{}", "{}"], "text": "{}"}}"#,
            pick(1_000_000_000),
            words[pick(16)],
            pick(1000),
            words[pick(16)],
            words[pick(16)],
            pick(2) == 0,
            pick(100),
            pick(1000),
            words[pick(16)],
            words[pick(16)],
            words[pick(16)],
            text.join(" ")
        );
        length += row.len() + 2;
        rows.push(row);
    }
    format!("[{}]", rows.join(", "))
}

fn json(body: impl AsRef<[u8]>) -> Reply {
    Reply::new(200, "application/json", body)
}

fn asking(target: &str) -> Ask {
    Ask::get(target).header("Accept-Encoding", "gzip, deflate, br")
}

fn inflated(body: &Body) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&body.bytes[..]).read_to_end(&mut plain).unwrap();
    plain
}

fn varies(answer: &Answer) -> bool {
    answer
        .head
        .all("vary")
        .join(",")
        .to_ascii_lowercase()
        .contains("accept-encoding")
}

#[track_caller]
fn assert_gzipped(answer: &Answer, expected: &[u8]) {
    assert_eq!(
        answer.header("content-encoding"),
        Some("gzip"),
        "{:?}",
        answer.head
    );
    assert!(answer.body.complete && varies(answer), "{:?}", answer.head);
    assert!(inflated(&answer.body) == expected, "it decodes to something else");
}

#[track_caller]
fn assert_plain(answer: &Answer, expected: &[u8]) {
    assert_eq!(answer.header("content-encoding"), None, "{:?}", answer.head);
    assert!(answer.body.complete && answer.body.bytes == expected);
}

#[test]
fn a_list_of_20_kib_shrinks_to_a_quarter() {
    let list = records(20 * 1024);
    let origin = Origin::answering(json(&list));
    let text = policy([origin.address()])
        .route("fast", "path = \"/fast\"", "compression.level = 1")
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let usual = asking("/").to(gateway.http());
    assert_gzipped(&usual, list.as_bytes());
    assert_eq!(usual.header("content-length"), None);
    let (usual, fast) = (usual.body.bytes.len(), asking("/fast").to(gateway.http()));
    assert_gzipped(&fast, list.as_bytes());
    assert!(usual <= 5200, "{usual} bytes of {}", list.len());
    assert!(usual < fast.body.bytes.len(), "the level of the route counts");
    gateway.stop();
}

#[test]
fn whoever_does_not_ask_gets_the_plain_bytes() {
    let list = records(4096);
    let origin = Origin::answering(json(&list).header("ETag", "\"v1\""));
    let gateway = Gateway::start(policy([origin.address()]));
    let silent = Ask::get("/").to(gateway.http());
    assert_plain(&silent, list.as_bytes());
    assert_eq!(silent.header("etag"), Some("\"v1\""));
    assert!(varies(&silent), "a cache must know that others get it coded");
    for unwilling in ["gzip;q=0", "br", "identity, gzip;q=0.5", "*;q=0, identity;q=0"] {
        let answer = Ask::get("/")
            .header("Accept-Encoding", unwilling)
            .to(gateway.http());
        assert_eq!(answer.status, 200, "{unwilling}");
        assert_plain(&answer, list.as_bytes());
    }
    gateway.stop();
}

#[test]
fn the_upstream_sees_what_the_client_accepts_and_may_code_itself() {
    let origin = Origin::playing(|call, line| {
        assert_eq!(call.header("accept-encoding"), Some("gzip, deflate, br"));
        line.reply(&json(vec![b'b'; 3000]).header("Content-Encoding", "br"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = asking("/").to(gateway.http());
    assert_eq!(answer.head.all("content-encoding"), ["br"]);
    assert_eq!(answer.body.bytes, vec![b'b'; 3000]);
    gateway.stop();
}

#[test]
fn headers_tell_the_truth_about_the_coded_body() {
    let list = records(4096);
    let origin = Origin::answering(
        json(&list)
            .header("ETag", "\"v1\"")
            .header("Accept-Ranges", "bytes")
            .header("Content-MD5", "x")
            .header("Vary", "Cookie"),
    );
    let gateway = Gateway::start(policy([origin.address()]));
    for ask in [asking("/"), Ask::head("/").header("Accept-Encoding", "gzip")] {
        let answer = ask.to(gateway.http());
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert_eq!(answer.header("etag"), Some("W/\"v1\""));
        assert_eq!(answer.head.all("vary"), ["Cookie", "accept-encoding"]);
        for gone in ["accept-ranges", "content-md5", "content-length"] {
            assert_eq!(answer.header(gone), None, "{gone}");
        }
    }
    gateway.stop();
}

#[test]
fn what_must_stay_as_it_is_does() {
    let list = records(4096);
    let body = list.clone();
    let origin = Origin::playing(move |call, line| {
        let reply = match call.target.as_str() {
            "/told" => json(&body).header("Cache-Control", "no-transform"),
            "/picture" => Reply::new(200, "image/png", &body),
            "/part" => Reply::new(206, "application/json", &body).header("Content-Range", "bytes 0-9/99"),
            "/small" => json(&body[..999]),
            "/unnamed" => Reply::new(200, "", &body),
            _ => json(&body),
        };
        line.reply(&reply);
    });
    let text = policy([origin.address()])
        .route("secrets", "path = \"/off\"", "compression.enabled = false")
        .route(
            "pictures",
            "path = \"/listed\"",
            "compression.types = [\"image/png\"]",
        )
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    for target in ["/told", "/picture", "/part", "/unnamed", "/off", "/listed"] {
        assert_plain(&asking(target).to(gateway.http()), list.as_bytes());
    }
    assert_plain(&asking("/small").to(gateway.http()), &list.as_bytes()[..999]);
    let part = asking("/").header("Range", "bytes=0-").to(gateway.http());
    assert_plain(&part, list.as_bytes());
    gateway.stop();
}

#[test]
fn the_log_counts_the_bytes_that_left() {
    let origin = Origin::answering(json(records(300 * 1024)));
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = asking("/counted").to(gateway.http());
    assert_gzipped(&answer, records(300 * 1024).as_bytes());
    let logged = gateway.wait_for_log("the request", |line| line["path"] == "/counted");
    assert_eq!(logged["bytes_out"], answer.body.bytes.len(), "{logged}");
    assert_eq!(logged["end"], "complete");
    gateway.stop();
}

#[test]
fn our_own_answers_are_compressed_if_they_are_large() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let metrics = asking("/metrics").to(gateway.http());
    assert_eq!(metrics.header("content-encoding"), Some("gzip"));
    let length = metrics.body.bytes.len().to_string();
    assert_eq!(metrics.header("content-length"), Some(length.as_str()));
    assert!(
        String::from_utf8(inflated(&metrics.body))
            .unwrap()
            .contains("portcullis_")
    );
    let health = asking("/health").to(gateway.http());
    assert_plain(&health, br#"{"status":"ok"}"#);
    gateway.stop();
}

#[test]
fn a_client_that_has_our_tag_is_told_that_it_holds() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = asking("/").header("If-None-Match", "W/\"v1\"").to(gateway.http());
    assert_eq!((answer.status, answer.header("etag")), (304, Some("W/\"v1\"")));
    gateway.stop();
}
