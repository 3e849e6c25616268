//! What the upstream is asked for where a route changes the path: pieces as received, the query untouched, and a
//! refusal where a path can be read in two ways.

use crate::support::{Ask, Gateway, Origin, policy, run};

fn rewriting(origin: &Origin) -> Gateway {
    Gateway::start(
        policy([origin.address()])
            .route("strip", "path = \"/api/*\"", "strip_prefix = \"/api\"")
            .route(
                "both",
                "path = \"/shop/v1/*\"",
                "strip_prefix = \"/shop\"\nadd_prefix = \"/store\"",
            )
            .route(
                "tenant",
                "path = \"/t/{tenant}/*\"",
                "strip_prefix = \"/t/{tenant}\"",
            )
            .route(
                "items",
                "path = \"/i/{id}/{part}\"",
                "rewrite = \"/items/{part}/of-{id}.json\"",
            )
            .route("files", "path = \"/f/*\"", "rewrite = \"/public/{rest}\"")
            .route("rest", "path = \"/*\"", "add_prefix = \"/legacy\""),
    )
}

#[test]
fn the_upstream_is_asked_for_the_new_path_and_the_query_as_it_came() {
    let origin = Origin::echo();
    let gateway = rewriting(&origin);
    let mut wire = gateway.connect();
    for (asked, target, prefix) in [
        ("/api/users/7?x=%2F&y=a+b", "/users/7?x=%2F&y=a+b", Some("/api")),
        ("/api", "/", Some("/api")),
        ("/api/", "/", Some("/api")),
        ("/api?", "/?", Some("/api")),
        ("/api/a%20b/%C3%A9/", "/a%20b/%C3%A9/", Some("/api")),
        ("/%61pi/x", "/x", Some("/%61pi")),
        ("/shop/v1/cart?q", "/store/v1/cart?q", Some("/shop")),
        ("/t/acme%20co/x", "/x", Some("/t/acme%20co")),
        ("/i/7%2B/a?x=1", "/items/a/of-7%2B.json?x=1", None),
        ("/f/css/a.css", "/public/css/a.css", None),
        ("/f", "/public/", None),
        ("/other/", "/legacy/other/", None),
        ("/", "/legacy/", None),
    ] {
        let seen = Ask::get(asked).via(&mut wire).json();
        assert_eq!(seen["target"], target, "{asked}");
        let told = origin
            .calls()
            .last()
            .unwrap()
            .header("x-forwarded-prefix")
            .map(str::to_owned);
        assert_eq!(told.as_deref(), prefix, "{asked}");
    }
    gateway.stop();
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_refused_and_not_guessed() {
    let origin = Origin::echo();
    let gateway = rewriting(&origin);
    for target in [
        "/api/../admin",
        "/x/../api/users",
        "//api/users",
        "/api//users",
        "/api/%2e%2e/admin",
        "/api%2Fusers",
        "/api/..;/admin",
        "/api/..%5cadmin",
        "/i/%2e/x/y/..",
        "/..%2f..%2fadmin",
        "/f/..%2f..%2fetc",
        "/other/./x",
    ] {
        Ask::get(target)
            .to(gateway.http())
            .assert_refused(400, "target_invalid");
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_stranger_cannot_claim_a_prefix_and_one_of_our_proxies_can_where_it_is_kept() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[client]\ntrusted_proxies = [\"127.0.0.2\"]\nkeep_headers = [\"X-Forwarded-Prefix\"]")
        .route("strip", "path = \"/api/*\"", "strip_prefix = \"/api\"");
    let gateway = Gateway::start(text);
    let ask = Ask::get("/api/x").header("X-Forwarded-Prefix", "/outer");
    ask.to(gateway.http());
    ask.sent_by("127.0.0.2", gateway.http());
    let calls = origin.calls();
    let told: Vec<_> = calls
        .iter()
        .map(|call| call.header("x-forwarded-prefix"))
        .collect();
    assert_eq!(told, [Some("/api"), Some("/outer/api")]);
    gateway.stop();
}

#[test]
fn log_and_limits_know_the_path_as_it_was_asked_for() {
    let origin = Origin::echo();
    let gateway = rewriting(&origin);
    Ask::get("/api/users").to(gateway.http());
    let line = gateway.wait_for_log("the line", |line| line["route"] == "strip");
    assert_eq!(line["path"], "/api/users");
    gateway.stop();
}

#[test]
fn a_rewrite_that_cannot_be_right_is_a_fault_with_its_remedy() {
    for (path, lines, words) in [
        ("/api/*", "strip_prefix = \"/v1\"", "strip what it starts with"),
        (
            "/api/*",
            "strip_prefix = \"/api/v1\"",
            "write the match as `/api/v1/*`",
        ),
        ("/api/*", "strip_prefix = \"/api/\"", "such as \"/api\""),
        ("/api/*", "add_prefix = \"v1\"", "such as \"/v1\""),
        ("/api/*", "add_prefix = \"/v1/{id}\"", "write `rewrite"),
        ("/api/*", "add_prefix = \"/../v1\"", "write the path it leads to"),
        ("/api/*", "rewrite = \"/x\"\nstrip_prefix = \"/api\"", "keep one"),
        ("/api/*", "rewrite = \"/x/{id}\"", "names here: `rest`"),
        ("/api/{id}", "rewrite = \"/x/{ids}\"", "did you mean `id`"),
        ("/api/{id}", "rewrite = \"/x/{rest}\"", "names here: `id`"),
        ("/{id}/{id}", "rewrite = \"/x/{id}\"", "its own name"),
        ("/api/*", "rewrite = \"/x/{rest}/y\"", "write `{rest}` last"),
        ("/api/*", "rewrite = \"/x{rest}\"", "a slash before it"),
        ("/api/*", "rewrite = \"/x?y=1\"", "the query stays"),
        ("/api/*", "rewrite = \"/a b\"", "percent-encoded"),
        ("/api/*", "rewrite = \"x\"", "starts with a slash"),
        ("/api/*", "rewrite = \"/{\"", "write `{{`"),
    ] {
        let text = policy(["127.0.0.1:9"]).route("r", &format!("path = \"{path}\""), lines);
        run(&["check"], &text.text(), &[]).assert(2, &[words]);
    }
}
