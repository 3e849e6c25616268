//! The access log: one JSON line per request, the seed's five keys first, nothing a client can forge.

use serde_json::Value;

use crate::support::{Ask, Gateway, Origin, policy};

/// The access line of the request with this ID, as text and as JSON.
fn line_of(gateway: &Gateway, id: &str) -> (String, Value) {
    gateway.wait_for_log("the request's line", |line| line["request_id"] == id);
    let lines: Vec<_> = gateway
        .log()
        .into_iter()
        .filter(|line| line.contains(id))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    (lines[0].clone(), serde_json::from_str(&lines[0]).unwrap())
}

#[test]
fn five_keys_come_first_and_then_what_happened() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).route("all", "path = \"/*\"", ""));
    Ask::post("/path?secret=token", "12345")
        .header("X-Request-ID", "line-in-the-log")
        .to(gateway.http());
    let (text, line) = line_of(&gateway, "line-in-the-log");
    let keys = ["timestamp", "level", "logger", "message", "module"];
    let places: Vec<_> = keys
        .iter()
        .map(|key| text.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted() && places[0] == 1, "{text}");
    assert!(line.as_object().unwrap().keys().all(|key| {
        keys.contains(&key.as_str()) || text.find(&format!("\"{key}\":")).unwrap() > places[4]
    }));
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(
        timestamp.len() >= 20 && timestamp.ends_with('Z') && timestamp.contains('T'),
        "{timestamp}"
    );
    assert_eq!(line["status"], 200);
    assert_eq!(line["method"], "POST");
    assert_eq!(line["client.ip"], "127.0.0.1");
    assert_eq!(
        (&line["route"], &line["upstream"]),
        (&"all".into(), &"backend".into())
    );
    assert!(line["duration_ms"].is_number(), "{text}");
    assert!(!text.contains("token"), "the query may hold secrets: {text}");
    gateway.stop();
}

#[test]
fn a_client_cannot_forge_a_line() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        b"GET /%0a{\"status\":200,\"forged\":1} HTTP/1.1\r\nHost: gateway.test\r\n\
          X-Request-ID: forged-attempt-1\r\nUser-Agent: \"}\t\\n{\"forged\":1,\"x\":\"\xff\xe2\x80\xa8\r\n\r\n",
    );
    let answer = wire.answer();
    let (text, line) = line_of(
        &gateway,
        if answer.status == 200 {
            "forged-attempt-1"
        } else {
            "forged"
        },
    );
    assert_eq!(line["status"], answer.status);
    assert!(line.get("forged").is_none(), "{text}");
    for line in gateway.log() {
        assert!(
            serde_json::from_str::<Value>(&line).unwrap().is_object(),
            "{line}"
        );
    }
    gateway.stop();
}

#[test]
fn a_quiet_route_leaves_no_line() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .route("quiet", "path = \"/quiet\"", "log = false")
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    Ask::get("/quiet")
        .header("X-Request-ID", "quiet-request")
        .to(gateway.http());
    Ask::get("/loud")
        .header("X-Request-ID", "loud-request")
        .to(gateway.http());
    line_of(&gateway, "loud-request");
    let exit = gateway.stop();
    assert!(!exit.output().contains("quiet-request"));
}

#[test]
fn slow_requests_raise_their_level() {
    let origin = Origin::playing(|call, line| {
        let quick = call.target == "/quick";
        if !quick {
            crate::support::Gate::default().wait_for(std::time::Duration::from_millis(150));
        }
        line.reply(&crate::support::Reply::text("x"));
    });
    let text = policy([origin.address()])
        .and("[defaults.slow]\nwarn = \"100ms\"\nerror = \"10s\"")
        .route(
            "worse",
            "path = \"/worse\"",
            "slow = { warn = \"10ms\", error = \"100ms\" }",
        )
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    for (target, level) in [("/slow", "warn"), ("/worse", "error")] {
        let id = format!("slow-request-{level}");
        Ask::get(target).header("X-Request-ID", &id).to(gateway.http());
        let (text, line) = line_of(&gateway, &id);
        assert!(
            line["level"].as_str().unwrap().to_lowercase().starts_with(level),
            "{text}"
        );
        assert!(
            line["message"].as_str().unwrap().starts_with("slow_request"),
            "{text}"
        );
    }
    gateway.stop();
}

#[test]
fn the_log_may_go_to_a_file_or_nowhere_and_loses_nothing_at_the_end() {
    let origin = Origin::echo();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let gateway =
        Gateway::start(policy([origin.address()]).and(&format!("[logs]\naccess = \"{}\"", file.display())));
    let mut wire = gateway.connect();
    for _ in 0..50 {
        Ask::get("/").via(&mut wire);
    }
    drop(wire);
    gateway.stop();
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 50);
    let gateway = Gateway::start(policy([origin.address()]).and("[logs]\naccess = \"off\""));
    Ask::get("/")
        .header("X-Request-ID", "never-written")
        .to(gateway.http());
    assert!(!gateway.stop().output().contains("never-written"));
}
