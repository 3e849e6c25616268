//! Routes for some addresses only: judged on the client's address, before anything is spent.

use crate::support::{Ask, Gateway, Origin, policy, run};

#[test]
fn only_the_allowed_come_in_and_never_the_denied() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[defaults.access]\nallow = [\"127.0.0.0/30\"]\ndeny = [\"127.0.0.2\"]")
        .route("staff", "path = \"/staff\"", "")
        .route("open", "path = \"/open\"", "access = { enabled = false }")
        .route(
            "all-but",
            "path = \"/all-but\"",
            "access = { allow = \"off\", deny = [\"127.0.0.3\"] }",
        );
    let gateway = Gateway::start(text);
    for (from, target, comes_in) in [
        ("127.0.0.1", "/staff", true),
        ("127.0.0.3", "/staff", true),
        ("127.0.0.2", "/staff", false),
        ("127.0.0.9", "/staff", false),
        ("127.0.0.9", "/open", true),
        ("127.0.0.2", "/open", true),
        ("127.0.0.9", "/all-but", true),
        ("127.0.0.2", "/all-but", true),
        ("127.0.0.3", "/all-but", false),
        ("127.0.0.9", "/nowhere", false),
    ] {
        let answer = Ask::get(target).sent_by(from, gateway.http());
        if comes_in {
            assert_eq!(answer.status, 200, "{from} {target}");
        } else {
            answer.assert_refused(403, "access_denied");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }
    assert_eq!(
        Ask::get("/health").sent_by("127.0.0.9", gateway.http()).status,
        200
    );
    let refused = gateway.metrics();
    assert_eq!(
        refused.count("portcullis_refusals_total", &[("code", "access_denied")]),
        4
    );
    gateway.stop();
}

#[test]
fn a_strangers_word_on_where_it_comes_from_opens_nothing() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[client]\ntrusted_proxies = [\"127.0.0.2\"]\n[defaults.access]\nallow = [\"10.0.0.0/8\"]");
    let gateway = Gateway::start(text);
    let ask = |address: &str| Ask::get("/").header("X-Forwarded-For", address);
    ask("10.1.2.3")
        .to(gateway.http())
        .assert_refused(403, "access_denied");
    assert_eq!(ask("10.1.2.3").sent_by("127.0.0.2", gateway.http()).status, 200);
    assert_eq!(
        ask("::ffff:10.1.2.3").sent_by("127.0.0.2", gateway.http()).status,
        200
    );
    ask("11.1.2.3")
        .sent_by("127.0.0.2", gateway.http())
        .assert_refused(403, "access_denied");
    gateway.stop();
}

#[test]
fn the_refused_spend_nothing_and_a_preflight_is_answered_before() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and(
        "[client]\ntrusted_proxies = [\"127.0.0.2\"]\n[limits.one]\nrate = \"1/minute\"\nkey = [\"header:x-user\"]\n\
         [defaults]\nlimits = [\"one\"]\naccess.deny = [\"127.0.0.1\"]\ncors.origins = [\"https://a.test\"]",
    );
    let gateway = Gateway::start(text);
    for _ in 0..3 {
        Ask::get("/")
            .header("X-User", "u")
            .to(gateway.http())
            .assert_refused(403, "access_denied");
    }
    let ask = Ask::get("/").header("X-User", "u");
    assert_eq!(ask.sent_by("127.0.0.3", gateway.http()).status, 200);
    let preflight = Ask::new("OPTIONS", "/")
        .header("Origin", "https://a.test")
        .header("Access-Control-Request-Method", "POST")
        .to(gateway.http());
    assert_eq!(preflight.status, 204);
    gateway.stop();
}

#[test]
fn in_shadow_it_only_counts() {
    let origin = Origin::echo();
    let text =
        policy([origin.address()]).and("[defaults]\nshadow = [\"access\"]\naccess.deny = [\"loopback\"]");
    let gateway = Gateway::start(text);
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    assert_eq!(
        gateway
            .metrics()
            .count("portcullis_shadowed_total", &[("guard", "access")]),
        1
    );
    gateway.stop();
}

#[test]
fn an_empty_list_of_the_allowed_is_a_fault_and_not_an_open_door() {
    let text = policy(["127.0.0.1:9"])
        .and("[defaults.access]\nallow = [\"${OFFICE:-}\"]")
        .text();
    run(&["check"], &text, &[]).assert(2, &["an empty list lets nobody in", "write \"off\""]);
    run(&["check"], &text, &[("OFFICE", "192.0.2.0/24, 198.51.100.7")]).assert(0, &[]);
}

#[test]
fn this_machine_comes_in_and_not_whom_a_proxy_on_it_lets_in() {
    let origin = Origin::echo();
    let text =
        policy([origin.address()]).route("own", "path = \"/*\"", "access = { allow = [\"loopback\"] }");
    let gateway = Gateway::start(text);
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    let passed_on = Ask::get("/").header("X-Forwarded-For", "203.0.113.7");
    passed_on.to(gateway.http()).assert_refused(403, "access_denied");
    gateway.stop();
}
