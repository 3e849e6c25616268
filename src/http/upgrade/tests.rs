use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

/// The example of RFC 6455 §1.3 with one header in the place of another of that name.
fn asking(change: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut lines = vec![
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-version", "13"),
    ];
    lines.retain(|(name, _)| change.iter().all(|(other, _)| name != other));
    lines.extend(change.iter().filter(|(_, value)| !value.is_empty()));
    headers(&lines)
}

fn wish(headers: &HeaderMap) -> Option<Handshake> {
    let asked = names_websocket(headers);
    Handshake::of(&Method::GET, Version::HTTP_11, headers, true).filter(|_| asked)
}

fn consent(change: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut lines = vec![
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    lines.retain(|(name, _)| change.iter().all(|(other, _)| name != other));
    lines.extend(change.iter().filter(|(_, value)| !value.is_empty()));
    headers(&lines)
}

#[test]
fn the_example_of_the_standard_is_a_handshake_and_its_consent() {
    let wish = wish(&asking(&[])).unwrap();
    assert!(wish.is_accepted_by(&consent(&[])));
    assert!(wish.is_accepted_by(&consent(&[("sec-websocket-protocol", "superchat")])));
    assert!(wish.is_accepted_by(&consent(&[
        ("connection", "keep-alive, UPGRADE"),
        ("upgrade", "WebSocket")
    ])));
}

#[test]
fn browsers_that_also_keep_alive_are_understood() {
    assert!(wish(&asking(&[("connection", "keep-alive, Upgrade")])).is_some());
    assert!(
        wish(&asking(&[
            ("connection", "keep-alive"),
            ("connection", "upgrade")
        ]))
        .is_some()
    );
    assert!(wish(&asking(&[("upgrade", "WebSocket")])).is_some());
}

#[test]
fn what_only_looks_like_a_handshake_is_none() {
    for change in [
        &[("connection", "")][..],
        &[("connection", "keep-alive")],
        &[("connection", "upgrade2")],
        &[("upgrade", "")],
        &[("upgrade", "h2c")],
        &[("upgrade", "websocket, h2c")],
        &[("upgrade", "websocket/13")],
        &[("upgrade", "websocket"), ("upgrade", "h2c")],
        &[("sec-websocket-version", "")],
        &[("sec-websocket-version", "8")],
        &[("sec-websocket-version", "13"), ("sec-websocket-version", "13")],
        &[("sec-websocket-key", "")],
        &[("sec-websocket-key", KEY), ("sec-websocket-key", KEY)],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=")],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==")],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25j_Q==")],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQAA")],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==A")],
    ] {
        assert_eq!(wish(&asking(change)), None, "{change:?}");
    }
}

#[test]
fn only_a_get_of_1_1_without_a_body_may_switch() {
    let headers = asking(&[]);
    let of = |method, version, empty| Handshake::of(&method, version, &headers, empty);
    assert_eq!(of(Method::POST, Version::HTTP_11, true), None);
    assert_eq!(of(Method::GET, Version::HTTP_10, true), None);
    assert_eq!(of(Method::GET, Version::HTTP_10, true), None);
    assert_eq!(of(Method::GET, Version::HTTP_11, false), None);
}

#[test]
fn what_only_looks_like_consent_is_none() {
    let wish = wish(&asking(&[])).unwrap();
    for change in [
        &[("upgrade", "")][..],
        &[("upgrade", "h2c")],
        &[("connection", "")],
        &[("connection", "close")],
        &[("sec-websocket-accept", "")],
        &[("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=")],
        &[("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=2")],
        &[("transfer-encoding", "chunked")],
        &[("sec-websocket-protocol", "other")],
        &[
            ("sec-websocket-protocol", "chat"),
            ("sec-websocket-protocol", "superchat"),
        ],
    ] {
        assert!(!wish.is_accepted_by(&consent(change)), "{change:?}");
    }
}

#[test]
fn every_length_of_key_is_looked_at_without_a_panic() {
    for length in 0..40 {
        assert!(!is_key(&vec![b'='; length]));
    }
    assert!(is_key(KEY.as_bytes()));
}

#[test]
fn a_key_of_ours_is_a_key() {
    for byte in 0..=255 {
        assert!(is_key(key([byte; 16]).as_bytes()));
    }
}
