//! What the operator adds to requests and answers, and takes off them: in which order, on which answers, and what
//! stays out of reach.

use crate::support::{Ask, Gateway, Origin, Reply, policy, run};

#[test]
fn the_upstream_gets_what_the_operator_writes() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and(
            "[defaults.request_headers]\nremove = [\"x-debug\"]\n\
             set = { X-Api = \"2\", x-role = \"guest\", x-who = \"{client_ip} via {host} on {route} as {request_id}\" }\n\
             add = { x-tag = [\"a\", \"b\"] }\nif_missing = { accept-language = \"en\" }",
        )
        .route("plain", "path = \"/plain\"", "")
        .route("own", "path = \"/own\"", "request_headers.set = { x-api = \"3\", X-Role = \"off\", host = \"inner.test\" }");
    let gateway = Gateway::start(text);
    let ask = |target| {
        Ask::get(target)
            .header("X-Debug", "1")
            .header("X-Tag", "client")
            .header("X_Role", "admin")
            .header("Accept-Language", "fr")
            .header("Connection", "x-api")
            .header("X-Request-ID", "abc-12345")
            .to(gateway.http())
    };
    ask("/plain");
    let call = origin.calls().pop().unwrap();
    let all = |name: &str| {
        let lines = call
            .head
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(call.header("x-debug"), None);
    assert_eq!(all("x-api"), ["2"]);
    assert_eq!(all("x-role"), ["guest"]);
    assert!(all("x_role").is_empty(), "another spelling of the same variable");
    assert_eq!(all("x-tag"), ["client", "a", "b"]);
    assert_eq!(call.header("accept-language"), Some("fr"));
    assert_eq!(
        call.header("x-who"),
        Some("127.0.0.1 via gateway.test on plain as abc-12345")
    );
    ask("/own");
    let call = origin.calls().pop().unwrap();
    assert_eq!(call.header("x-api"), Some("3"));
    assert_eq!(call.header("x-role"), None, "taken back");
    assert_eq!(call.header("host"), Some("inner.test"));
    assert_eq!(call.header("x-forwarded-host"), Some("gateway.test"));
    gateway.stop();
}

#[test]
fn the_client_gets_what_the_operator_writes_on_every_answer() {
    let origin = Origin::answering(
        Reply::text("x")
            .header("X-Internal", "1")
            .header("Cache-Control", "public")
            .header("Server", "app/1")
            .header("X-Edge", "theirs"),
    );
    let text = policy([origin.address()])
        .and(
            "[defaults.response_headers]\nremove = \"x-internal\"\n\
             set = { x-edge = \"ours\", server = \"edge\", x-for = \"{host} {request_id}\" }\n\
             if_missing = { cache-control = \"no-store\", content-security-policy = \"default-src 'none'\" }",
        )
        .route("app", "path = \"/app\"", "")
        .route(
            "small",
            "path = \"/small\"",
            "max_body = \"1B\"\nresponse_headers.set = { x-edge = \"off\" }",
        );
    let gateway = Gateway::start(text);
    let answer = Ask::get("/app")
        .header("X-Request-ID", "abc-12345")
        .to(gateway.http());
    assert_eq!(answer.header("x-internal"), None);
    assert_eq!(answer.header("x-edge"), Some("ours"));
    assert_eq!(
        answer.header("server"),
        Some("edge"),
        "over `errors.strip_headers`"
    );
    assert_eq!(answer.header("cache-control"), Some("public"));
    assert_eq!(
        answer.header("x-for"),
        Some("gateway.test abc-12345"),
        "also after the request has gone"
    );
    assert_eq!(
        answer.header("content-security-policy"),
        Some("default-src 'none'"),
        "over the preset's"
    );
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    for refused in [Ask::get("/nowhere"), Ask::get("/metrics").header("Host", "a")] {
        let answer = refused.to(gateway.http());
        assert!(answer.status >= 400);
        assert_eq!(answer.header("x-edge"), Some("ours"), "{}", answer.status);
    }
    let answer = Ask::post("/small", "xx").to(gateway.http());
    answer.assert_refused(413, "body_too_large");
    assert_eq!(
        (answer.header("x-edge"), answer.header("server")),
        (None, Some("edge"))
    );
    gateway.stop();
}

#[test]
fn what_others_own_is_refused_with_the_place_to_say_it() {
    for (lines, words) in [
        ("request_headers.set.Connection = \"close\"", "leave it out"),
        ("request_headers.remove = [\"content-length\"]", "leave it out"),
        (
            "request_headers.add.transfer-encoding = \"chunked\"",
            "leave it out",
        ),
        ("request_headers.set.x-request-id = \"1\"", "leave it out"),
        ("request_headers.set.x-forwarded-for = \"1\"", "trusted_proxies"),
        ("request_headers.add.host = \"a\"", "under `set`"),
        ("request_headers.set.host = \"{client_ip}\"", "write `name`"),
        ("request_headers.set.host = [\"a\", \"b\"]", "write `name`"),
        (
            "request_headers.set.x-a = \"{client}\"",
            "did you mean `client_ip`",
        ),
        ("request_headers.set.x-a = \"{\"", "write `{{`"),
        ("request_headers.set.x-a = \"a\\nb\"", "on one line"),
        ("request_headers.set.x-a = \"\"", "name it in `remove`"),
        ("request_headers.set.x-a = []", "name it in `remove`"),
        ("request_headers.set.\"x a\" = \"1\"", "letters, digits"),
        (
            "security_headers.frame_options = \"DENY\"\nresponse_headers.set.x-frame-options = \"SAMEORIGIN\"",
            "change it in `security_headers`",
        ),
        (
            "response_headers.remove = [\"X-Content-Type-Options\"]",
            "change it in `security_headers`",
        ),
        ("response_headers.set.content-encoding = \"gzip\"", "leave it out"),
        ("response_headers.set.x-process-time = \"1\"", "leave it out"),
        (
            "cors.origins = [\"https://a.test\"]\nresponse_headers.set.access-control-allow-origin = \"*\"",
            "change it in `cors`",
        ),
        (
            "cors.origins = [\"https://a.test\"]\nresponse_headers.remove = [\"vary\"]",
            "under `add`",
        ),
    ] {
        let text = policy(["127.0.0.1:9"]).and(&format!("[defaults]\n{lines}"));
        run(&["check"], &text.text(), &[]).assert(2, &["portcullis.toml:", words]);
    }
}

#[test]
fn what_is_switched_off_elsewhere_is_the_operators() {
    let text = policy(["127.0.0.1:9"]).and(
        "[defaults]\nsecurity_headers.frame_options = \"off\"\nrequest_headers.remove = [\"x-forwarded-for\"]\n\
         response_headers.set = { x-frame-options = \"SAMEORIGIN\", access-control-allow-origin = \"*\" }",
    );
    run(&["check"], &text.text(), &[]).assert(0, &[]);
}

#[test]
fn off_without_anything_to_take_back_is_a_warning() {
    let text =
        policy(["127.0.0.1:9"]).and("[defaults]\nresponse_headers.set.x-dns-prefetch-control = \"off\"");
    run(&["check"], &text.text(), &[]).assert(0, &["warning", "write [\"off\"]"]);
}

#[test]
fn a_value_from_the_environment_is_not_shown() {
    let text = policy(["127.0.0.1:9"])
        .and("[defaults]\nrequest_headers.set.authorization = \"Bearer ${TOKEN}\"")
        .text();
    for token in ["s3cret{x}tail", "s3cret{tail", "s3cret\ntail"] {
        let exit = run(&["check"], &text, &[("TOKEN", token)]);
        exit.assert(2, &["authorization"]);
        assert!(
            !exit.output().contains("s3cret") && !exit.output().contains("tail"),
            "{}",
            exit.output()
        );
    }
}
