//! Which route a request takes: first match in file order, by host, path and method.

use crate::support::{Ask, Gateway, Origin, Reply, policy};

#[test]
fn one_upstream_and_no_route_sends_everything_there() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let seen = Ask::post("/any/where?q=1&r=%20", "body")
        .to(gateway.http())
        .json();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/any/where?q=1&r=%20");
    assert_eq!(seen["body"], "body");
    gateway.stop();
}

/// Two upstreams that answer with their names.
fn two_upstreams() -> (Origin, Origin, String) {
    let web = Origin::answering(Reply::text("web"));
    let api = Origin::answering(Reply::text("api"));
    let text = policy([web.address()]).and(&format!(
        r#"
[upstreams.api]
servers = ["http://{}"]

[[routes]]
match = {{ path = "/api/*" }}
upstream = "api"

[[routes]]
match = {{ path = "/users/{{id}}/orders" }}
upstream = "api"

[[routes]]
match = {{ path = "/exact" }}
upstream = "api"

[[routes]]
match = {{ path = "/form", methods = ["POST"] }}
upstream = "api"

[[routes]]
match = {{ host = "*.shop.test" }}
upstream = "api"

[[routes]]
match = {{ host = ["gateway.test", "www.test"], path = "/*" }}
upstream = "backend"
"#,
        api.address()
    ));
    (web, api, text.into())
}

#[test]
fn the_first_match_in_file_order_wins() {
    let (_web, _api, text) = two_upstreams();
    let gateway = Gateway::start(text);
    let mut wire = gateway.connect();
    for (target, answer) in [
        ("/api", "api"),
        ("/api/", "api"),
        ("/api/v1/x?y", "api"),
        ("/apis", "web"),
        ("/users/7/orders", "api"),
        ("/users//orders", "web"),
        ("/users/7/8/orders", "web"),
        ("/users/7/orders/9", "web"),
        ("/exact", "api"),
        ("/exact/more", "web"),
        ("/", "web"),
    ] {
        assert_eq!(Ask::get(target).via(&mut wire).text(), answer, "{target}");
    }
    gateway.stop();
}

#[test]
fn hosts_match_without_case_or_port_and_wildcards_match_deeper_names() {
    let (_web, _api, text) = two_upstreams();
    let gateway = Gateway::start(text);
    let mut wire = gateway.connect();
    for (host, answer) in [
        ("a.shop.test", Some("api")),
        ("b.a.Shop.Test:8080", Some("api")),
        ("shop.test", None),
        ("WWW.test:80", Some("web")),
        ("elsewhere.test", None),
    ] {
        let answered = Ask::get("/other").host(host).via(&mut wire);
        match answer {
            Some(name) => assert_eq!(answered.text(), name, "{host}"),
            None => answered.assert_refused(404, "not_found"),
        }
    }
    gateway.stop();
}

#[test]
fn a_path_in_disguise_takes_the_route_of_its_normal_form() {
    let (_web, api, text) = two_upstreams();
    let gateway = Gateway::start(text);
    for target in ["/%61pi/x", "//api/x", "/a/../api/x", "/./api/x"] {
        assert_eq!(Ask::get(target).to(gateway.http()).text(), "api", "{target}");
        assert_eq!(
            api.calls().last().unwrap().target,
            target,
            "forwarded as received"
        );
    }
    gateway.stop();
}

#[test]
fn a_method_that_no_route_takes_is_405_and_says_which_are_allowed() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .route("read", r#"path = "/form", methods = ["GET"]"#, "")
        .route("write", r#"path = "/form", methods = ["POST"]"#, "");
    let gateway = Gateway::start(text);
    assert_eq!(Ask::get("/form").to(gateway.http()).status, 200);
    assert_eq!(
        Ask::head("/form").to(gateway.http()).status,
        200,
        "GET includes HEAD"
    );
    let refused = Ask::new("DELETE", "/form").to(gateway.http());
    refused.assert_refused(405, "method_not_allowed");
    let mut allowed: Vec<_> = refused.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    assert_eq!(origin.calls().len(), 2);
    gateway.stop();
}

#[test]
fn no_route_is_404() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).route("only", r#"path = "/only""#, ""));
    Ask::get("/other")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    assert!(origin.calls().is_empty());
    gateway.stop();
}
