//! `portcullis explain`: what it says is what the running gateway does, and it says why.

mod agreement;

use agreement::Case;
use serde_json::Value;

use crate::support::exit::Exit;
use crate::support::{policy, run};

const POLICY: &str = include_str!("explain/policy.toml");

fn text(arguments: &[&str], policy: &str) -> Exit {
    run(
        &[&["explain"], arguments].concat(),
        policy,
        &[("ORIGIN", "127.0.0.1:9")],
    )
}

#[test]
fn every_value_names_the_line_that_says_it() {
    let told = Case::read("127.0.0.1 http POST shop.test /upload", 0).explained();
    let layer = |name: &str| {
        let layers = told["layers"].as_array().unwrap();
        layers.iter().find(|layer| layer["name"] == name).unwrap().clone()
    };
    let line_of = |text: &str| {
        let at = POLICY.lines().position(|line| line.starts_with(text));
        at.map(|at| at + 1).unwrap()
    };
    let own = &layer("max_body")["sources"];
    assert_eq!(own[0]["from"], "route");
    assert_eq!(own[0]["line"], line_of("max_body = \"1KiB\""));
    assert_eq!(
        own.as_array().unwrap().len(),
        1,
        "a value replaces the inherited one"
    );
    let inherited = &layer("limits")["sources"][0];
    assert_eq!(inherited["from"], "defaults");
    assert_eq!(inherited["line"], line_of("limits = [\"user\"]"));
    assert_eq!(layer("mask")["sources"][0]["from"], "built_in");
    assert_eq!(layer("queue")["sources"][0]["line"], line_of("max_inflight"));
    let limit = &told["limits"][0];
    assert_eq!(
        (&limit["name"], &limit["key"]),
        (&"user".into(), &"client_ip".into())
    );
    assert_eq!(limit["key_value"], "127.0.0.1");
    assert_eq!(limit["sources"][1]["line"], line_of("[limits.user]"));
    assert_eq!(told["route"]["line"], line_of("name = \"upload\"") - 1);
}

#[test]
fn a_header_that_is_the_key_of_a_limit_is_told() {
    let told = Case::read("127.0.0.1 http GET app.test / | X-User: anna", 0).explained();
    assert_eq!(told["limits"][0]["key"], "header:x-user");
    assert_eq!(told["limits"][0]["key_value"], "anna");
}

#[test]
fn each_route_that_lost_is_told_with_its_reason() {
    let told = Case::read("127.0.0.1 http PUT shop.test /api/items/7", 0).explained();
    let reason = |name: &str| {
        let routes = told["lost"]["routes"].as_array().unwrap();
        routes.iter().find(|route| route["name"] == name).unwrap()["reason"].clone()
    };
    assert_eq!(told["route"]["name"], "item-write");
    assert_eq!(reason("item-read"), "method");
    assert_eq!(reason("item-of-branch"), "host");
    assert_eq!(reason("login"), "path");
    let told = Case::read("127.0.0.1 http GET app.test /teapot", 0).explained();
    let app = told["lost"]["routes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&app["name"], &app["reason"]), (&"app".into(), &"later".into()));
}

#[test]
fn of_many_routes_the_nearest_are_told_and_the_rest_is_counted() {
    let mut text = policy(["127.0.0.1:9"]);
    for number in 0..200 {
        text = text.route(&format!("r{number}"), &format!("path = \"/r/{number}/x\""), "");
    }
    let text = text
        .route("posted", "path = \"/sought\", methods = [\"POST\"]", "")
        .text();
    let exit = run(&["explain", "GET", "/sought", "--format", "json"], &text, &[]);
    exit.assert(0, &[]);
    let told: Value = serde_json::from_str(&exit.stdout.join("\n")).unwrap();
    let routes = told["lost"]["routes"].as_array().unwrap();
    assert_eq!((routes.len(), &told["lost"]["omitted"]), (20, &181.into()));
    assert_eq!(routes[19]["name"], "posted");
    assert_eq!(routes[19]["why"], "it takes POST");
}

#[test]
fn the_text_names_client_route_outcome_and_lines() {
    let exit = text(
        &[
            "GET",
            "http://shop.test/admin",
            "--from",
            "127.0.0.9",
            "-H",
            "X-Forwarded-For: 203.0.113.66",
        ],
        POLICY,
    );
    exit.assert(
        0,
        &[
            "client    203.0.113.66",
            "127.0.0.9: the connection comes from it, and `127.0.0.9` is trusted   (portcullis.toml:",
            "route     admin   (portcullis.toml:",
            "refused by access: 403 access_denied",
            "not login: the path is not `/api/auth/login`",
            "  - limits ",
        ],
    );
    text(&["POST", "https://shop.test/headers/x"], POLICY).assert(
        0,
        &["strict-transport-security", "sent to the upstream `backend`"],
    );
    let many = text(&["GET", "/x", "-H", "Host: a.test", "-H", "Host: b.test"], POLICY);
    many.assert(
        0,
        &[
            "host      none that is valid",
            "refused by framing: 400 host_invalid",
        ],
    );
}

#[test]
fn what_came_from_the_environment_is_not_told() {
    let policy = policy(["127.0.0.1:9"])
        .and("[defaults.request_headers]\nset = { x-api-key = \"${TOKEN}\" }")
        .text();
    for format in ["text", "json"] {
        let arguments = ["explain", "GET", "/", "--format", format];
        let exit = run(&arguments, &policy, &[("TOKEN", "hunter2secret")]);
        exit.assert(0, &["${TOKEN}"]);
        assert!(!exit.output().contains("hunter2secret"), "{}", exit.output());
    }
}

#[test]
fn a_refused_policy_and_a_wrong_command_line_end_with_2() {
    text(&["GET", "/"], "[limits.x]\n").assert(2, &["portcullis.toml:1:", "rate"]);
    text(&["GET", "/", "--policy", "not-there.toml"], POLICY).assert(2, &["not-there.toml"]);
    text(&["GET", "no-url"], POLICY).assert(2, &["https://example.com/path"]);
    text(&["GET", "/", "-H", "nothing"], POLICY).assert(2, &["Name: value"]);
    text(&["GET", "/", "--listener", "htp"], POLICY).assert(2, &["`htp`", "`http`"]);
    text(&["GET"], POLICY).assert(2, &["<URL>"]);
    run(&["explain", "--help"], "", &[]).assert(0, &["Examples:", "--from", "--format"]);
}

#[test]
fn brief_is_ten_lines_at_most_and_own_endpoints_are_shown_as_on() {
    let exit = text(&["POST", "http://shop.test/upload", "--brief"], POLICY);
    exit.assert(
        0,
        &[
            "client    127.0.0.1",
            "route     upload",
            "max_body: ",
            "response_head ",
            "verdict   sent to the upstream",
        ],
    );
    assert!(exit.stdout.len() <= 10, "{:?}", exit.stdout);
    let refused = text(
        &[
            "GET",
            "http://shop.test/admin",
            "--from",
            "203.0.113.66",
            "--brief",
        ],
        POLICY,
    );
    refused.assert(0, &["verdict   refused by access: 403 access_denied"]);
    text(&["GET", "http://shop.test/upload"], POLICY).assert(0, &["  + own "]);
}
