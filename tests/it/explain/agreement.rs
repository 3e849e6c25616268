//! Every request of a table is explained and asked for; what was told must be what is seen.

use std::collections::BTreeSet;

use serde_json::Value;

use super::POLICY;
use crate::support::{Answer, Ask, Gateway, Origin, run};

const REQUESTS: &str = include_str!("requests.txt");

/// What the answers of every request have of their own, and what depends on earlier ones.
const VARYING: [&str; 4] = ["date", "content-length", "ratelimit", "connection"];

/// One line of the table.
pub(super) struct Case {
    from: String,
    listener: String,
    method: String,
    host: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<usize>,
}

impl Case {
    pub(super) fn read(line: &str, number: usize) -> Self {
        let mut parts = line.split(" | ");
        let words: Vec<_> = parts.next().unwrap().split(' ').map(str::to_owned).collect();
        let [from, listener, method, host, target] = words.try_into().unwrap();
        let mut headers = vec![("X-Request-ID".to_owned(), format!("request-{number:04}"))];
        let mut body = None;
        for part in parts {
            if let Some(length) = part.strip_prefix('#') {
                body = Some(length.parse().unwrap());
            } else {
                let (name, value) = part.split_once(": ").unwrap();
                headers.push((name.to_owned(), value.to_owned()));
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

    pub(super) fn explained(&self) -> Value {
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
