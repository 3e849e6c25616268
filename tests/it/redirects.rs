//! Routes that ask nobody: `redirect` and `respond`, and policies without any upstream.

use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy, run};

/// A policy without an upstream.
fn alone(routes: &str) -> String {
    format!("[gateway]\nworkers = 1\n[listeners.http]\naddress = \"127.0.0.1:0\"\n{routes}")
}

const ROUTES: &str = r#"
[[routes]]
name = "moved"
match = { path = "/old/{id}" }
redirect = { to = "/new/{id}{query}", status = 308 }

[[routes]]
name = "apex"
match = { host = "shop.test" }
redirect = { to = "https://www.{host}{path}{query}", status = 301 }

[[routes]]
name = "login"
match = { path = "/private/*" }
redirect = { to = "/login?next={path}" }

[[routes]]
name = "docs"
match = { path = "/docs/*" }
redirect = { to = "https://docs.example.com/v2/{rest}#top", status = 302 }

[[routes]]
name = "robots"
match = { path = "/robots.txt", methods = ["GET"] }
respond = { body = "User-agent: *\nDisallow: /\n", headers = { cache-control = "max-age=60", link = ["</a>", "</b>"] } }

[[routes]]
name = "gone"
match = { path = "/gone/*" }
respond = { status = 503, body = "Traceback: not one", content_type = "text/plain", headers = { server = "us" } }

[[routes]]
name = "nothing"
match = { path = "/nothing" }
respond = { status = 204 }

[[routes]]
name = "same"
match = { path = "/*" }
redirect = { to = "{path}{query}", status = 303 }
"#;

#[test]
fn a_redirect_says_where_to() {
    let gateway = Gateway::start(alone(ROUTES));
    let mut wire = gateway.connect();
    for (host, target, status, location) in [
        ("a.test", "/old/7%2B?x=1", 308, "/new/7%2B?x=1"),
        ("a.test", "/old/7", 308, "/new/7"),
        ("Shop.test:8080", "/a/b?c", 301, "https://www.shop.test/a/b?c"),
        ("a.test", "/private/a&b=c", 307, "/login?next=/private/a%26b%3Dc"),
        ("a.test", "/docs/a/b", 302, "https://docs.example.com/v2/a/b#top"),
        ("a.test", "/docs", 302, "https://docs.example.com/v2/#top"),
    ] {
        let answer = Ask::get(target).host(host).via(&mut wire);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("location"), Some(location), "{target}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
        assert!(
            answer.header("x-request-id").is_some() && answer.text().is_empty(),
            "{target}"
        );
    }
    gateway.stop();
}

#[test]
fn it_is_the_same_over_every_protocol() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let text = policy([origin.address()])
        .tls(&certs)
        .and("[defaults]\nrequest_headers.set = { x-host = \"{host}\" }\nresponse_headers.set = { x-host = \"{host}\" }")
        .and("[[routes]]\nmatch = { path = \"/go/*\" }\nredirect = { to = \"https://www.{host}/{rest}{query}\" }")
        .route("api", "path = \"/api/*\"", "strip_prefix = \"/api\"");
    let gateway = Gateway::start(text);
    for proto in Proto::ALL {
        let answer = Ask::get("/go/a%20b?c").host("Shop.test:99").over(proto, &gateway);
        assert_eq!(
            answer.header("location"),
            Some("https://www.shop.test/a%20b?c"),
            "{proto:?}"
        );
        assert_eq!(answer.header("x-host"), Some("shop.test"), "{proto:?}");
        let answer = Ask::get("/api/x?y").host("Shop.test:99").over(proto, &gateway);
        assert_eq!(answer.json()["target"], "/x?y", "{proto:?}");
        assert_eq!(answer.header("x-host"), Some("shop.test"), "{proto:?}");
        assert_eq!(
            origin.calls().pop().unwrap().header("x-host"),
            Some("shop.test"),
            "{proto:?}"
        );
        Ask::get("/api//x")
            .over(proto, &gateway)
            .assert_refused(400, "target_invalid");
    }
    gateway.stop();
}

#[test]
fn no_path_leads_to_a_strangers_page() {
    let gateway = Gateway::start(alone(ROUTES));
    for target in [
        "//evil.test",
        "/\\evil.test",
        "/%5cevil.test",
        "/%2fevil.test",
        "/.//evil.test",
        "///evil.test/x",
    ] {
        let answer = Ask::get(target).to(gateway.http());
        assert_eq!(answer.header("location"), None, "{target}");
        answer.assert_refused(400, "target_invalid");
    }
    for target in ["/x%0d%0aSet-Cookie:%20a=b", "/x?a%0d%0aSet-Cookie:%20a=b"] {
        let answer = Ask::get(target).to(gateway.http());
        assert_eq!(answer.header("location"), Some(target));
        assert_eq!(answer.header("set-cookie"), None, "{target}");
    }
    gateway.stop();
}

#[test]
fn a_fixed_answer_is_sent_as_written() {
    let gateway = Gateway::start(alone(ROUTES));
    let mut wire = gateway.connect();
    for _ in 0..2 {
        let answer = Ask::get("/robots.txt").via(&mut wire);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "User-agent: *\nDisallow: /\n")
        );
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("max-age=60"));
        assert_eq!(answer.header("content-length"), Some("26"));
    }
    let head = Ask::head("/robots.txt").via(&mut wire);
    assert_eq!((head.status, head.header("content-length")), (200, Some("26")));
    assert_eq!(
        Ask::post("/robots.txt", "x").via(&mut wire).status,
        303,
        "GET only"
    );
    let answer = Ask::get("/gone/x").via(&mut wire);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (503, "Traceback: not one"),
        "not masked"
    );
    assert_eq!(answer.header("server"), Some("us"), "not stripped");
    let answer = Ask::get("/nothing").via(&mut wire);
    assert_eq!((answer.status, answer.header("content-type")), (204, None));
    assert_eq!(answer.header("content-length"), None);
    gateway.stop();
}

#[test]
fn they_are_counted_and_logged_without_an_upstream() {
    let gateway = Gateway::start(alone(ROUTES));
    Ask::get("/old/7").to(gateway.http());
    Ask::get("/robots.txt").to(gateway.http());
    for (route, status) in [("moved", 308), ("robots", 200)] {
        let line = gateway.wait_for_log("the line", |line| line["route"] == route);
        assert_eq!(line["status"], status);
        assert!(
            line.get("upstream").is_none_or(serde_json::Value::is_null),
            "{line}"
        );
        let labels = [("endpoint", route), ("status", &status.to_string())];
        assert_eq!(gateway.metrics().count("http_requests_total", &labels), 1);
    }
    assert_eq!(Ask::get("/health/ready").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn limits_guard_them_like_any_route() {
    let gateway = Gateway::start(alone(
        "[limits.one]\nrate = \"1/minute\"\n[[routes]]\nlimits = [\"one\"]\nrespond = { body = \"once\" }\n",
    ));
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "once");
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(429, "rate_limited");
    gateway.stop();
}

#[test]
fn check_says_what_they_are() {
    run(&["check"], &alone(ROUTES), &[]).assert(0, &["8 routes (5 redirects, 3 fixed answers), 0 upstreams"]);
}

#[test]
fn what_cannot_be_right_is_a_fault_with_its_remedy() {
    let redirect = |to: &str| format!("match = {{ path = \"/a/{{id}}/*\" }}\nredirect = {{ to = '{to}' }}");
    let upstream = "upstream = \"app\"\n";
    for (route, words) in [
        (redirect("https://{id}/x"), "write the host out"),
        (redirect("https://example.com{id}"), "a slash after it"),
        (redirect("//example.com/x"), "write one"),
        (redirect("/x/{path}"), "brings its own"),
        (redirect("/x?y{query}"), "brings its own"),
        (redirect("example.com"), "starts with a slash"),
        (redirect("javascript:alert(1)"), "no address"),
        (redirect("/x/{ib}"), "did you mean `id`"),
        (redirect("/a b"), "percent-encoded"),
        ("redirect = { to = \"/x\", status = 200 }".to_owned(), "write 307"),
        (format!("{upstream}redirect = {{ to = \"/x\" }}"), "keep one"),
        ("respond = {}\nredirect = { to = \"/x\" }".to_owned(), "keep one"),
        ("respond = {}\nstrip_prefix = \"/x\"".to_owned(), "asks none"),
        ("respond = { status = 100 }".to_owned(), "write 200 to 599"),
        (
            "respond = { status = 204, body = \"x\" }".to_owned(),
            "leave the body out",
        ),
        (
            "respond = { body = \"x\", content_type = \"a\\nb\" }".to_owned(),
            "such as \"text/html",
        ),
        (
            "respond = { headers = { Content-Type = \"a/b\" } }".to_owned(),
            "beside `body`",
        ),
        (
            "respond = { headers = { content-length = \"5\" } }".to_owned(),
            "leave it out",
        ),
        ("name = \"x\"".to_owned(), "`redirect` or `respond`"),
    ] {
        run(&["check"], &alone(&format!("[[routes]]\n{route}\n")), &[]).assert(2, &[words]);
    }
    run(&["check"], &alone(""), &[]).assert(2, &["there is no upstream"]);
}

#[test]
fn an_upstream_that_only_a_redirect_could_use_is_unused() {
    let text = alone(
        "[upstreams.app]\nservers = [\"http://127.0.0.1:9\"]\n[[routes]]\nredirect = { to = \"/x\" }\n",
    );
    run(&["check"], &text, &[]).assert(0, &["no route uses the upstream `app`"]);
}
