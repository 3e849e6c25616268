//! The health endpoints: alive from memory, ready when every upstream in use has a live server.

use serde_json::Value;

use crate::support::{Ask, Gateway, Origin, Reply, policy, until};

fn ready(gateway: &Gateway) -> (u16, Value) {
    let answer = Ask::get("/health/ready").to(gateway.http());
    (answer.status, answer.json())
}

#[test]
fn alive_without_asking_anyone() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    drop(origin);
    for path in ["/health", "/health/live"] {
        assert_eq!(Ask::get(path).to(gateway.http()).status, 200);
        assert_eq!(Ask::head(path).to(gateway.http()).status, 200);
    }
    gateway.stop();
}

#[test]
fn ready_follows_the_upstream_down_and_up() {
    let origin = Origin::echo();
    let address = origin.address();
    let gateway = Gateway::start(policy([address]));
    until("ready at first", || ready(&gateway).0 == 200);
    let body = ready(&gateway).1;
    assert_eq!(
        (&body["status"], &body["checks"]["backend"]),
        (&"ready".into(), &"healthy".into())
    );
    let asked = origin.calls().len();
    assert_eq!(asked, 0, "probes are by TCP, and a request never causes one");
    drop(origin);
    until("not ready without the upstream", || ready(&gateway).0 == 503);
    let body = ready(&gateway).1;
    assert_ne!(body["status"], "ready");
    assert_ne!(body["checks"]["backend"], "healthy");
    assert!(
        !body.to_string().contains("127.0.0.1"),
        "an address is nobody's business: {body}"
    );
    let _origin = Origin::at(address, |_, line| {
        line.reply(&Reply::text("back"));
    });
    until("ready again", || ready(&gateway).0 == 200);
    gateway.stop();
}

#[test]
fn one_live_server_of_each_upstream_is_enough_and_an_unused_one_does_not_matter() {
    let live = Origin::echo();
    let dead = dead_address();
    let unused = format!("[upstreams.unused]\nservers = [\"http://{dead}\"]");
    let text = policy([live.address(), dead])
        .and(&unused)
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    until("ready", || ready(&gateway).0 == 200);
    gateway.stop();
}

#[test]
fn the_detailed_style_names_the_version_and_each_check() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and("[readiness]\nstyle = \"detailed\"\nversion = \"1.2.3\"");
    let gateway = Gateway::start(text);
    until("healthy", || ready(&gateway).0 == 200);
    let body = ready(&gateway).1;
    assert_eq!(
        (&body["status"], &body["version"]),
        (&"healthy".into(), &"1.2.3".into())
    );
    assert_eq!(body["checks"]["backend"]["status"], "healthy");
    assert!(body["timestamp"].as_str().unwrap().starts_with("20"));
    drop(origin);
    until("no longer healthy", || ready(&gateway).0 == 503);
    let check = &ready(&gateway).1["checks"]["backend"];
    assert_ne!(check["status"], "healthy");
    assert!(check["error"].is_string(), "{check}");
    gateway.stop();
}

#[test]
fn health_is_not_traffic() {
    let origin = Origin::echo();
    let gateway = Gateway::start(
        policy([origin.address()]).and("[limits.one]\nrate = \"1/minute\"\n[defaults]\nlimits = [\"one\"]"),
    );
    for _ in 0..5 {
        assert_eq!(Ask::get("/health").to(gateway.http()).status, 200);
    }
    assert_eq!(gateway.metrics().count("http_requests_total", &[]), 0);
    assert!(origin.calls().is_empty());
    gateway.stop();
}

fn dead_address() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
