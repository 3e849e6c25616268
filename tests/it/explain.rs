//! `portcullis explain`: what it says is what the running gateway does; held against each other request by request.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::exit::Exit;
use crate::support::{Answer, Ask, Gateway, Origin, policy, run};

const POLICY: &str = include_str!("explain/policy.toml");
const REQUESTS: &str = include_str!("explain/requests.txt");

/// What the answers of every request have of their own, and what depends on earlier ones.
const VARYING: [&str; 4] = ["date", "content-length", "ratelimit", "connection"];

/// One line of the table.
struct Case {
    from: String,
    listener: String,
    method: String,
    host: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<usize>,
}

impl Case {
    fn read(line: &str, number: usize) -> Self {
        let mut parts = line.split(" | ");
        let words: Vec<_> = parts.next().unwrap().split(' ').map(str::to_owned).collect();
        let [from, listener, method, host, target] = words.try_into().unwrap();
        let mut headers = vec![("X-Request-ID".to_owned(), format!("request-{number:04}"))];
        let mut body = None;
        for part in parts {
            match part.strip_prefix('#') {
                Some(length) => body = Some(length.parse().unwrap()),
                None => {
                    let (name, value) = part.split_once(": ").unwrap();
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        Self {
            target: target.replace("LONG", &"x".repeat(600)),
            from,
            listener,
            method,
            host,
            headers,
            body,
        }
    }

    fn explained(&self) -> Value {
        let mut arguments = vec!["explain", &self.method, &self.target, "--from", &self.from];
        arguments.extend(["--listener", &self.listener, "--format", "json"]);
        let mut lines = vec![format!("Host: {}", self.host)];
        lines.extend(
            self.headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        lines.extend(self.body.map(|length| format!("Content-Length: {length}")));
        for line in &lines {
            arguments.extend(["-H", line]);
        }
        let exit = run(&arguments, POLICY, &[("ORIGIN", "127.0.0.1:9")]);
        exit.assert(0, &[]);
        serde_json::from_str(&exit.stdout.join("\n")).unwrap()
    }

    fn asked(&self, gateway: &Gateway) -> Answer {
        let body = self.body.map(|length| "x".repeat(length));
        let mut ask = Ask::new(&self.method, &self.target).host(&self.host);
        for (name, value) in &self.headers {
            ask = ask.header(name, value);
        }
        if let Some(body) = body {
            ask = ask.with_body(body);
        }
        ask.sent_by(&self.from, gateway.address(&self.listener))
    }

    /// The access log's line; none for what is no traffic.
    fn logged(&self, gateway: &Gateway, told: &Value) -> Option<Value> {
        let own = told["outcome"]["own"] == true;
        let refused = !told["outcome"]["code"].is_null();
        if self.listener == "admin" || own && !refused {
            return None;
        }
        let id = self.headers[0].1.as_str();
        Some(gateway.wait_for_log(id, |line| {
            line["request_id"] == id && line["logger"] == "portcullis.access"
        }))
    }

    /// Where what was told and what was seen are not the same.
    fn differences(&self, told: &Value, answer: &Answer, gateway: &Gateway) -> Vec<String> {
        let outcome = &told["outcome"];
        let status = match outcome["action"].as_str().unwrap() {
            "forward" => 200.into(),
            _ if outcome["status"].is_null() => answer.status.into(),
            _ => outcome["status"].clone(),
        };
        if status != answer.status {
            return vec![format!("status: told {status}, seen {}", answer.status)];
        }
        let mut found = Vec::new();
        if let Some(line) = self.logged(gateway, told) {
            found.extend(differences_in_log(told, &line));
        }
        for header in told["answer_headers"].as_array().unwrap() {
            let (name, value) = named(header);
            let fixed = value != "…" && !VARYING.contains(&name);
            if fixed && !answer.head.all(name).contains(&value) {
                let seen = answer.head.all(name);
                found.push(format!("answer: told {name}: {value}, seen {seen:?}"));
            }
        }
        let names: Vec<_> = told["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| &layer["name"])
            .collect();
        if !names.contains(&&outcome["layer"]) {
            found.push(format!("no layer is named {}", outcome["layer"]));
        }
        if outcome["action"] == "forward" && self.method != "HEAD" {
            found.extend(differences_upstream(&told["upstream"], &answer.json()));
        }
        found
    }
}

#[test]
fn it_says_what_the_running_gateway_does() {
    let origin = Origin::echo();
    let address = origin.address().to_string();
    let gateway = Gateway::start_with(POLICY, &[("ORIGIN", &address)]);
    let cases: Vec<_> = REQUESTS.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(cases.len() >= 60);
    let mut faults = Vec::new();
    for (number, line) in cases.iter().enumerate() {
        let case = Case::read(line, number);
        let told = case.explained();
        let answer = case.asked(&gateway);
        let differing = case.differences(&told, &answer, &gateway);
        if !differing.is_empty() {
            faults.push(format!("{line}\n  {}", differing.join("\n  ")));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    gateway.stop();
}

fn differences_in_log(told: &Value, line: &Value) -> Vec<String> {
    let outcome = &told["outcome"];
    let shadowed = line.get("shadowed").cloned();
    let forwards = outcome["action"] == "forward";
    let upstream = if forwards {
        &told["upstream"]["name"]
    } else {
        &line["upstream"]
    };
    let pairs = [
        ("route", &told["route"]["name"], line["route"].clone()),
        ("client", &told["client"]["ip"], line["client.ip"].clone()),
        ("code", &outcome["code"], line["refusal"].clone()),
        ("upstream", upstream, line["upstream"].clone()),
        (
            "shadowed",
            &outcome["shadowed"],
            shadowed.unwrap_or_else(|| Value::Array(Vec::new())),
        ),
    ];
    let differing = pairs.into_iter().filter(|(_, told, seen)| *told != seen);
    differing
        .map(|(what, told, seen)| format!("{what}: told {told}, seen {seen}"))
        .collect()
}

/// Name and value of a header line.
fn named(header: &Value) -> (&str, &str) {
    (
        header["name"].as_str().unwrap(),
        header["value"].as_str().unwrap(),
    )
}

/// What the upstream is told to get against what it got.
fn differences_upstream(told: &Value, seen: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if told["target"] != seen["target"] || told["method"] != seen["method"] {
        found.push(format!(
            "sent: told {} {}, seen {} {}",
            told["method"], told["target"], seen["method"], seen["target"]
        ));
    }
    let headers = seen["headers"].as_array().unwrap();
    let line = |header: &Value| {
        let name = header[0].as_str().unwrap().to_ascii_lowercase();
        (name, header[1].as_str().unwrap().to_owned())
    };
    let lines: BTreeSet<(String, String)> = headers.iter().map(line).collect();
    for header in told["added"].as_array().unwrap() {
        let (name, value) = named(header);
        let is_there = |(other, seen): &(String, String)| other == name && (value == "…" || value == seen);
        if !lines.iter().any(is_there) {
            found.push(format!("sent: told {name}: {value}, seen {lines:?}"));
        }
    }
    for name in told["removed"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        if lines.iter().any(|(other, _)| other == name) {
            found.push(format!("sent: told that {name} is removed, but it came"));
        }
    }
    found
}

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
