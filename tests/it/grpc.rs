//! gRPC through the gateway, with gRPC's own client and server at the ends: every kind of call, its deadline, its
//! metadata, and how it is told "no".

mod python;
mod web;

use serde_json::Value;

use crate::support::policy::PolicyText;
use crate::support::{Certs, Gateway, policy, reaching, until};
use python::{Caller, Greeter, call};

fn before(greeter: &Greeter) -> PolicyText {
    policy([greeter.address()]).upstream("http2 = true").workers(1)
}

/// One of each kind.
const CALLS: [&str; 6] = [
    "Say=world",
    "Count=50",
    "Sum=100",
    "Chat=one,two,three",
    "Fail",
    "Large=3000000",
];

#[track_caller]
fn came_through(told: &[Value]) {
    assert_eq!(told[0]["answer"], "hello world", "{told:#?}");
    assert_eq!(told[0]["first"]["x-seen"], "kept");
    assert_eq!(told[0]["last"]["x-last"], "words");
    assert_eq!(told[0]["last"]["x-bytes-bin"], "00ff");
    assert_eq!(told[1]["answer"].as_array().unwrap().len(), 50, "{told:#?}");
    assert_eq!(told[2]["answer"], "4950");
    assert_eq!(told[3]["answer"], serde_json::json!(["ONE", "TWO", "THREE"]));
    assert_eq!(told[4]["code"], "NOT_FOUND");
    assert_eq!(told[4]["details"], "no such thing: 100 % ü");
    assert_eq!(told[5]["answer"], 3_000_000);
}

#[test]
fn every_kind_of_call_goes_through_in_plain_and_under_tls() {
    let certs = Certs::new();
    certs.issue("app", &["localhost"]);
    let (plain, secure) = (Greeter::start(), Greeter::secure(&certs, "app"));
    let authority = certs.authority();
    let tls = reaching([format!("https://localhost:{}", secure.port())]).upstream(&format!(
        "http2 = true\ntls = {{ ca = \"{}\" }}",
        authority.display()
    ));
    for policy in [before(&plain), tls] {
        let gateway = Gateway::start(policy.tls(&certs));
        until("names are looked up", || {
            crate::support::Ask::get("/health/ready")
                .to(gateway.http())
                .status
                == 200
        });
        came_through(&call(gateway.address("http"), None, &CALLS));
        came_through(&call(gateway.address("https"), Some(&authority), &CALLS));
        gateway.stop();
    }
}

#[test]
fn a_deadline_reaches_the_server_and_is_kept_without_it() {
    let greeter = Greeter::start();
    // The answer of `Hang` has no head before its end: what ends it is the client's own deadline.
    let gateway = Gateway::start(before(&greeter));
    let told = call(gateway.http(), None, &["Remaining@20", "Hang=30@1", "Ended"]);
    let remaining: f64 = told[0]["answer"].as_str().unwrap().parse().unwrap();
    assert!((10.0..20.5).contains(&remaining), "{remaining}");
    assert_eq!(told[1]["code"], "DEADLINE_EXCEEDED");
    assert_eq!(told[2]["answer"], "True", "the server was not told");
    gateway.stop();
}

#[test]
fn a_client_that_leaves_ends_its_call_at_the_server() {
    let greeter = Greeter::start();
    let gateway = Gateway::start(before(&greeter));
    let leaves = Caller::begin(gateway.http(), None, &["Hang=30"]);
    assert_eq!(call(greeter.address(), None, &["Begun"])[0]["answer"], "True");
    leaves.leave();
    assert_eq!(call(gateway.http(), None, &["Ended"])[0]["answer"], "True");
    gateway.stop();
}

#[test]
fn silence_is_no_fault_of_a_call_and_a_stream_has_its_own_end() {
    let greeter = Greeter::start();
    let timeouts = "[defaults.timeouts]\nresponse_head = \"100ms\"\nresponse_head_total = \"100ms\"\n\
                    request_body_idle = \"100ms\"\nresponse_body_idle = \"100ms\"";
    let gateway = Gateway::start(before(&greeter).and(timeouts));
    assert_eq!(call(gateway.http(), None, &["Hang=1"])[0]["answer"], "late");
    gateway.rewrite(
        before(&greeter)
            .and(timeouts)
            .and("[defaults.stream]\nidle = \"300ms\""),
    );
    assert!(gateway.reload());
    let told = call(gateway.http(), None, &["Hang=20"]);
    assert_eq!(told[0]["code"], "UNAVAILABLE", "{told:#?}");
    assert!(
        told[0]["details"]
            .as_str()
            .unwrap()
            .starts_with("upstream_timeout: ")
    );
    gateway.stop();
}

#[test]
fn our_own_no_is_said_as_grpc_says_it() {
    let greeter = Greeter::start();
    let certs = Certs::new();
    let policy = before(&greeter)
        .and("[limits.one]\nrate = \"1/hour\"")
        .route("limited", "path = \"/shop.Greeter/Say\"", "limits = [\"one\"]")
        .route(
            "closed",
            "path = \"/shop.Greeter/Sum\"",
            "access = { deny = [\"loopback\"] }",
        )
        .route("chat", "path = \"/shop.Greeter/Chat\"", "")
        .tls(&certs);
    let gateway = Gateway::start(policy);
    let told = call(gateway.http(), None, &["Say=1", "Say=2", "Sum=1", "Count=1"]);
    let said = |at: usize| {
        let told: &Value = &told[at];
        (
            told["code"].as_str().unwrap(),
            told["details"].as_str().unwrap_or_default(),
        )
    };
    assert_eq!(said(0), ("OK", ""));
    assert_eq!(said(1), ("UNAVAILABLE", "rate_limited: too many requests"));
    assert_eq!(said(2).0, "PERMISSION_DENIED");
    assert_eq!(said(3).0, "UNIMPLEMENTED");
    assert!(said(3).1.starts_with("not_found: "));
    assert!(told[1]["last"]["retry-after"].is_string(), "{:#?}", told[1]);
    let line = gateway.wait_for_log("the refusal", |line| line["refusal"] == "rate_limited");
    assert_eq!(line["status"], 200);
    // The server is gone: the gateway says that, too.
    drop(greeter);
    let told = call(gateway.http(), None, &["Chat=x"]);
    assert_eq!(told[0]["code"], "UNAVAILABLE");
    assert!(
        told[0]["details"].as_str().unwrap().starts_with("upstream_"),
        "{told:#?}"
    );
    gateway.stop();
}

#[test]
fn a_server_that_says_it_is_not_well_is_not_ready() {
    let greeter = Greeter::start();
    let health = "health = { grpc = \"shop.Greeter\", interval = \"1s\" }";
    let gateway = Gateway::start(before(&greeter).upstream(health));
    let ready = || {
        let answer = crate::support::Ask::get("/health/ready").to(gateway.http());
        answer.status == 200
    };
    until("it is well", ready);
    call(greeter.address(), None, &["Mood=ill"]);
    until("it is known to be ill", || !ready());
    // The only server is asked all the same, and that it answers does not make it well.
    assert_eq!(call(gateway.http(), None, &["Say=you"])[0]["answer"], "hello you");
    assert!(!ready());
    call(greeter.address(), None, &["Mood=well"]);
    until("it is well again", ready);
    // A service it does not know is as bad as an ill one, and the log says which it is.
    gateway.rewrite(before(&greeter).upstream("health = { grpc = \"shop.Other\" }"));
    assert!(gateway.reload());
    gateway.wait_for_log("the reason", |line| {
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("health.grpc"))
    });
    gateway.stop();
}
