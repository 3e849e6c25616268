//! The lines of one exchange, byte for byte, and what a hostile client can do to them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::UNIX_EPOCH;

use super::*;

/// An ordinary line, for the tests of the log too.
pub(in crate::observe::access_log) fn line() -> Line<'static> {
    Line {
        at: UNIX_EPOCH + Duration::from_micros(1_795_234_080_123_456),
        level: Level::Info,
        request_id: "0193-abc",
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        client: "203.0.113.7".parse().unwrap(),
        peer: "10.0.0.2:5555".parse().unwrap(),
        method: "GET",
        host: Some("shop.example"),
        path: "/api/items/7",
        version: "HTTP/1.1",
        status: 200,
        cut: false,
        endpoint: "items",
        upstream: Some("backend"),
        server: Some("10.0.0.9:8000".parse().unwrap()),
        bytes_in: 0,
        bytes_out: 5120,
        duration: Duration::from_micros(12_345),
        response_time: Duration::from_micros(9_001),
        queued: None,
        connect: Some(Duration::from_micros(800)),
        first_byte: Some(Duration::from_micros(8_200)),
        attempts: 1,
        refusal: None,
        reason: None,
        shadowed: &[],
        masked: false,
        leak: None,
        end: "complete",
        user_agent: Some(b"curl/8.5"),
        slow: None,
    }
}

fn written(line: &Line<'_>, dialect: Dialect) -> String {
    let mut out = Vec::new();
    line.write(&mut out, dialect, &mut Stamp::default());
    String::from_utf8(out).unwrap()
}

#[test]
fn a_json_line_has_the_five_keys_then_times_then_the_rest() {
    assert_eq!(
        written(&line(), Dialect::Json),
        concat!(
            r#"{"timestamp":"2026-11-21T04:08:00.123456Z","level":"INFO","logger":"portcullis.access","#,
            r#""message":"GET items 200","module":"access","duration_ms":12.345,"response_time_ms":9.001,"#,
            r#""connect_ms":0.800,"first_byte_ms":8.200,"request_id":"0193-abc","#,
            r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","client.ip":"203.0.113.7","#,
            r#""peer":"10.0.0.2:5555","method":"GET","host":"shop.example","path":"/api/items/7","#,
            r#""http_version":"HTTP/1.1","user_agent":"curl/8.5","bytes_in":0,"status":200,"bytes_out":5120,"#,
            r#""route":"items","upstream":"backend","server":"10.0.0.9:8000","attempts":1,"end":"complete"}"#,
            "\n"
        )
    );
}

#[test]
fn a_text_line_is_readable() {
    assert_eq!(
        written(&line(), Dialect::Text),
        concat!(
            "2026-11-21T04:08:00.123456Z INFO  access: GET items 200 duration_ms=12.345 response_time_ms=9.001 ",
            "connect_ms=0.800 first_byte_ms=8.200 request_id=0193-abc trace_id=4bf92f3577b34da6a3ce929d0e0e4736 ",
            "client.ip=203.0.113.7 ",
            "peer=10.0.0.2:5555 method=GET host=shop.example path=/api/items/7 http_version=HTTP/1.1 ",
            r#"user_agent="curl/8.5" bytes_in=0 status=200 bytes_out=5120 route=items upstream=backend "#,
            "server=10.0.0.9:8000 attempts=1 end=complete\n"
        )
    );
}

#[test]
fn a_slow_refused_shadowed_and_masked_line_says_so() {
    let line = Line {
        level: Level::Error,
        slow: Some("error"),
        refusal: Some("upstream_timeout"),
        reason: Some("response_head"),
        shadowed: &["limits.auth".into(), "max_body".into()],
        masked: true,
        leak: Some("python"),
        queued: Some(Duration::from_millis(2)),
        ..line()
    };
    let text = written(&line, Dialect::Json);
    // A key that stands there twice is an error to some readers, and to others it has the value they like.
    assert_eq!(text.matches(r#""reason":"response_head""#).count(), 1, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["message"].as_str().unwrap().starts_with("slow_request GET "));
    assert_eq!(json["shadowed"], serde_json::json!(["limits.auth", "max_body"]));
    assert_eq!(
        (&json["refusal"], &json["masked"]),
        (&"upstream_timeout".into(), &true.into())
    );
    assert_eq!((&json["slow"], &json["queue_ms"]), (&"error".into(), &2.0.into()));
    assert!(
        written(&line, Dialect::Text)
            .contains(" shadowed=limits.auth,max_body masked=true leak=python slow=error ")
    );
}

#[test]
fn a_direct_client_has_no_peer_and_ipv6_is_written_whole() {
    let line = Line {
        client: "2001:db8::1".parse().unwrap(),
        peer: "[2001:db8::1]:9".parse().unwrap(),
        ..line()
    };
    let text = written(&line, Dialect::Json);
    assert!(text.contains(r#""client.ip":"2001:db8::1","method""#), "{text}");
}

#[test]
fn a_hostile_client_cannot_forge_a_line() {
    let line = Line {
        path: "/\"},\n{\"level\":\"ERROR\"",
        method: "GE\"T",
        host: Some("a\r\nb"),
        user_agent: Some(b"\xff\"\n{\x1b[2J"),
        ..line()
    };
    for dialect in [Dialect::Json, Dialect::Text] {
        let text = written(&line, dialect);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\r', '\x1b']), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&written(&line, Dialect::Json)).unwrap();
    assert_eq!(json["level"], "INFO");
    assert_eq!(json["path"], line.path);
    assert_eq!(json["user_agent"], "\u{fffd}\"\n{\u{1b}[2J");
}

#[test]
fn long_values_are_cut_between_characters() {
    let path = "/".repeat(MAX_PATH - 1) + "ü" + &"x".repeat(9000);
    let line = Line {
        path: &path,
        user_agent: Some(&[b'a'; 9000]),
        ..line()
    };
    let json: serde_json::Value = serde_json::from_str(&written(&line, Dialect::Json)).unwrap();
    assert_eq!(json["path"].as_str().unwrap().len(), MAX_PATH - 1);
    assert_eq!(json["user_agent"].as_str().unwrap().len(), MAX_AGENT);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_client_makes_one_line_of_valid_json(
        path: String, host: Option<String>, agent: Option<Vec<u8>>, method: String, millis: u32, status: u16,
    ) {
        let line = Line {
            path: &path, host: host.as_deref(), user_agent: agent.as_deref(), method: &method, status,
            duration: Duration::from_millis(millis.into()), ..line()
        };
        let text = written(&line, Dialect::Json);
        proptest::prop_assert_eq!(text.matches('\n').count(), 1);
        proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        proptest::prop_assert_eq!(written(&line, Dialect::Text).matches('\n').count(), 1);
    }
}
