//! One ID per request: on the answer, at the upstream, in the log and in our own refusals; and the two
//! timing headers beside it.

use crate::support::{Ask, Gateway, Origin, policy};

#[test]
fn a_new_id_is_the_same_everywhere() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/").to(gateway.http());
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert!((8..=128).contains(&id.len()), "{id}");
    assert!(
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
        "{id}"
    );
    assert_eq!(origin.calls()[0].header("x-request-id"), Some(id.as_str()));
    gateway.wait_for_log("the request's line", |line| line["request_id"] == id.as_str());
    let other = Ask::get("/").to(gateway.http());
    assert_ne!(other.header("x-request-id"), Some(id.as_str()));
    gateway.stop();
}

#[test]
fn a_well_formed_id_is_kept_and_any_other_is_replaced() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    let longest = "a".repeat(128);
    for kept in ["order-12.34_x", "12345678", &longest] {
        let answer = Ask::get("/").header("X-Request-ID", kept).via(&mut wire);
        assert_eq!(answer.header("x-request-id"), Some(kept));
        assert_eq!(origin.calls().last().unwrap().head.all("x-request-id"), [kept]);
    }
    let too_long = "a".repeat(129);
    for replaced in [
        "short",
        "has space",
        "<script>alert(1)</script>",
        "{\"a\":1}",
        &too_long,
    ] {
        let answer = Ask::get("/").header("X-Request-ID", replaced).via(&mut wire);
        assert_ne!(answer.header("x-request-id"), Some(replaced));
        assert_eq!(answer.head.all("x-request-id").len(), 1);
        assert_eq!(
            origin.calls().last().unwrap().header("x-request-id"),
            answer.header("x-request-id")
        );
    }
    gateway.stop();
}

#[test]
fn two_ids_are_not_a_choice() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let ask = Ask::get("/")
        .header("X-Request-ID", "first-of-two")
        .header("X-Request-ID", "second-of-two");
    let answer = ask.to(gateway.http());
    assert_eq!(answer.head.all("x-request-id").len(), 1);
    assert_eq!(
        origin.calls()[0].head.all("x-request-id"),
        answer.head.all("x-request-id")
    );
    gateway.stop();
}

#[test]
fn refusals_carry_the_id_and_the_timing() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).route("only", r#"path = "/only""#, ""));
    for target in ["/only", "/none"] {
        let answer = Ask::get(target)
            .header("X-Request-ID", "mine-to-keep")
            .to(gateway.http());
        assert_eq!(answer.header("x-request-id"), Some("mine-to-keep"));
        let milliseconds: f64 = answer.header("x-response-time-ms").unwrap().parse().unwrap();
        let seconds: f64 = answer.header("x-process-time").unwrap().parse().unwrap();
        assert!(milliseconds >= 0.0 && seconds >= 0.0);
        assert!(
            (milliseconds / 1000.0 - seconds).abs() < 0.002,
            "{milliseconds} ms, {seconds} s"
        );
    }
    gateway.stop();
}

#[test]
fn a_head_that_never_comes_has_one_too() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).listener("timeouts = { request_head = \"200ms\" }"));
    let mut wire = gateway.connect();
    wire.send("GET / HT");
    let answer = wire.answer();
    answer.assert_refused(408, "request_head_timeout");
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert_eq!(answer.json()["request_id"], id);
    assert!(!id.is_empty());
    gateway.stop();
}
