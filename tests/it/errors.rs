//! What an upstream's failure tells the world: a status and an ID, not a trace.

mod coded;
mod samples;

use crate::support::{Answer, Ask, Gateway, Origin, Reply, policy};

const TRACE: &str = "Traceback (most recent call last):\n  File \"/srv/app/db.py\", line 7, in login\n    \
                     connect(password='hunter2')\npsycopg.OperationalError: no route";
const HTML: &str = "<!doctype html><h1>OperationalError at /login</h1><pre>/srv/app/db.py, line 7</pre>";

/// Answers as the target says: `/status/kind`.
fn failing() -> Origin {
    Origin::playing(|call, line| {
        let mut parts = call.target.split('/').skip(1);
        let status = parts.next().unwrap().parse().unwrap();
        let reply = match parts.next().unwrap() {
            "html" => Reply::new(status, "text/html; charset=utf-8", HTML),
            "plain" => Reply::new(status, "text/plain", "the export failed"),
            "trace" => Reply::new(status, "application/octet-stream", TRACE),
            _ => Reply::new(status, "application/json", r#"{"error":"db_down"}"#),
        };
        line.body();
        line.reply(
            &reply
                .header("Retry-After", "7")
                .header("Server", "uvicorn")
                .header("X-Powered-By", "Python"),
        );
    })
}

#[track_caller]
fn assert_masked(answer: &Answer, status: u16) {
    answer.assert_refused(status, "upstream_error");
    for leak in ["Traceback", "hunter2", "/srv/app", "OperationalError"] {
        assert!(!answer.text().contains(leak), "{}", answer.text());
    }
    assert_eq!(answer.header("retry-after"), Some("7"));
}

#[test]
fn what_leaks_is_replaced_whatever_its_type_and_the_rest_passes() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    for target in ["/500/html", "/500/trace", "/503/html", "/599/trace"] {
        let status = target[1..4].parse().unwrap();
        assert_masked(&Ask::get(target).to(gateway.http()), status);
    }
    for (target, body) in [
        ("/500/json", r#"{"error":"db_down"}"#),
        ("/500/plain", "the export failed"),
        ("/404/html", HTML),
        ("/422/trace", TRACE),
        ("/200/html", HTML),
    ] {
        let passed = Ask::get(target).to(gateway.http());
        assert_eq!(passed.text(), body, "{target}");
    }
    gateway.stop();
}

#[test]
fn the_answer_to_head_passes_without_a_body() {
    let origin = Origin::playing(|_, line| {
        line.send("HTTP/1.1 500 X\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    let passed = Ask::head("/").via(&mut wire);
    assert_eq!((passed.status, passed.body.bytes.len()), (500, 0));
    assert_eq!(passed.header("content-length"), Some("900"));
    assert_eq!(
        Ask::get("/health").via(&mut wire).status,
        200,
        "the connection is still in step"
    );
    gateway.stop();
}

#[test]
fn all_5xx_or_none_may_be_masked_instead() {
    let origin = failing();
    let text = policy([origin.address()])
        .route("all", "path = \"/500/json\"", "errors = { mask = \"5xx\" }")
        .route("none", "path = \"/500/trace\"", "errors = { mask = \"off\" }");
    let gateway = Gateway::start(text);
    Ask::get("/500/json")
        .to(gateway.http())
        .assert_refused(500, "upstream_error");
    assert_eq!(Ask::get("/500/trace").to(gateway.http()).text(), TRACE);
    gateway.stop();
}

#[test]
fn headers_that_name_the_software_are_stripped() {
    let origin = failing();
    let text = policy([origin.address()])
        .route("none", "path = \"/200/html\"", "errors = { strip_headers = [] }")
        .route(
            "own",
            "path = \"/200/plain\"",
            "errors = { strip_headers = [\"retry-after\"] }",
        )
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let names = |target: &str| {
        let answer = Ask::get(target).to(gateway.http());
        [
            answer.header("server").is_some(),
            answer.header("x-powered-by").is_some(),
            answer.header("retry-after").is_some(),
        ]
    };
    assert_eq!(names("/200/json"), [false, false, true]);
    assert_eq!(names("/200/html"), [true, true, true]);
    assert_eq!(names("/200/plain"), [true, true, false]);
    gateway.stop();
}

#[test]
fn the_log_says_that_an_answer_was_masked() {
    let origin = failing();
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/500/html").to(gateway.http());
    let line = gateway.wait_for_log("the request's line", |line| {
        line["logger"] == "portcullis.access" && line["status"] == 500
    });
    assert_eq!((&line["masked"], &line["leak"]), (&true.into(), &"path".into()));
    gateway.wait_for_log("the beginning of what was hidden", |line| {
        line["leak"] == "path"
            && line["excerpt"]
                .as_str()
                .is_some_and(|text| text.contains("/srv/app/db.py"))
    });
    gateway.stop();
}
