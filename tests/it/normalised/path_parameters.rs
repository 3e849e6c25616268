//! `;parameters` of path segments: part of the name, or ignored where the policy says so, and never a way round a guard.

use crate::support::{Ask, Gateway, Origin, policy};

use super::paths::DISGUISES;

/// A servlet's application: `/login.jsp` has a route of its own, `/admin` is shut.
fn of_servlets(path_parameters: &str) -> (Origin, Gateway) {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .gateway(path_parameters)
        .route(
            "login",
            "path = \"/login.jsp\", methods = [\"POST\"]",
            "response_headers = { set = { x-route = \"login\" } }",
        )
        .route(
            "admin",
            "path = \"/admin/*\"",
            "access = { deny = [\"loopback\"] }",
        )
        .route("shop", "path = \"/shop/*\"", "strip_prefix = \"/shop\"")
        .route("rest", "path = \"/*\"", "");
    (origin, Gateway::start(text))
}

#[test]
fn a_servlets_session_in_the_path_is_ignored_where_the_policy_says_so() {
    let (origin, gateway) = of_servlets("path_parameters = \"ignore\"");
    for (target, arrives, route) in [
        (
            "/login.jsp;jsessionid=1A2B?x=;y",
            "/login.jsp;jsessionid=1A2B?x=;y",
            Some("login"),
        ),
        ("/login.jsp;a=1;b=%20", "/login.jsp;a=1;b=%20", Some("login")),
        (
            "/other;jsessionid=1A2B/a;v=2/b",
            "/other;jsessionid=1A2B/a;v=2/b",
            None,
        ),
        ("/;jsessionid=1A2B", "/;jsessionid=1A2B", None),
        ("/shop/cart;jsessionid=1A2B", "/cart;jsessionid=1A2B", None),
    ] {
        let answer = Ask::post(target, "x").to(gateway.http());
        assert_eq!(answer.json()["target"], arrives, "{target}");
        assert_eq!(answer.header("x-route"), route, "{target}");
    }
    let before = origin.calls().len();
    for target in DISGUISES {
        let answer = Ask::get(target).to(gateway.http());
        assert!(matches!(answer.status, 400 | 403), "{target}: {}", answer.status);
    }
    for target in [
        "/admin;x",
        "/admin;jsessionid=1A2B/users",
        "/shop/cart;x=%2f..%2f..%2fadmin",
        "/shop/cart;x/..;y/..;z/admin",
        "/;x/admin",
        "/login.jsp;x/../admin",
    ] {
        let answer = Ask::get(target).to(gateway.http());
        assert!(matches!(answer.status, 400 | 403), "{target}: {}", answer.status);
    }
    assert_eq!(origin.calls().len(), before);
    gateway.stop();
}

#[test]
fn where_parameters_count_the_refusal_names_the_key_that_lets_them_pass() {
    let (origin, gateway) = of_servlets("");
    let refused = Ask::post("/login.jsp;jsessionid=1A2B", "x").to(gateway.http());
    refused.assert_refused(400, "target_invalid");
    assert!(
        refused
            .text()
            .contains("`[gateway] path_parameters = \\\"ignore\\\"`"),
        "{}",
        refused.text()
    );
    // Where the key would not help it is not named.
    let refused = Ask::get("/shop/..;/admin").to(gateway.http());
    refused.assert_refused(400, "target_invalid");
    assert!(!refused.text().contains("path_parameters"), "{}", refused.text());
    assert_eq!(Ask::get("/other;jsessionid=1A2B").to(gateway.http()).status, 200);
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}
