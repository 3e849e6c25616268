//! What is shipped must be true: every policy in `config/` and every TOML block in the documents checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::documents::{blocks, documents, is_faulty};
use crate::support::{Certs, run};

/// What a block is completed with if it names no upstream of its own.
const UPSTREAM: &str = "\n[upstreams.backend]\nservers = [\"http://backend:8000\"]\n";

#[test]
fn every_policy_in_config_checks() {
    for file in files_under("config", "toml") {
        assert_checks(&file.display().to_string(), &fs::read_to_string(&file).unwrap());
    }
}

#[test]
fn the_policies_of_the_load_bench_check() {
    let values = [
        ("@HTTP@", "8080"),
        ("@HTTPS@", "8443"),
        ("@ADMIN@", "9180"),
        ("@ORIGIN_PORT@", "8000"),
        ("@CERT@", "/etc/portcullis/tls/site.pem"),
        ("@KEY@", "/etc/portcullis/tls/site.key"),
        ("@LOG@", "/dev/null"),
        ("@THREADS@", "2"),
        ("@GEN@", "0"),
    ];
    for file in files_under("benches/load/policies", "toml") {
        let text = fs::read_to_string(&file).unwrap();
        let fill = |text: String, (name, value): (&str, &str)| text.replace(name, value);
        assert_checks(&file.display().to_string(), &values.into_iter().fold(text, fill));
    }
}

#[test]
fn every_toml_block_in_the_documents_checks() {
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        let tables = blocks(&text)
            .into_iter()
            .filter(|block| block.kind.starts_with("toml"));
        for (number, block) in tables.enumerate() {
            let what = format!("{}, block {} of TOML", file.display(), number + 1);
            if is_faulty(&block) {
                assert_eq!(run(&["check"], &block.body, &[]).code, Some(2), "{what}");
            } else if block.body.contains("[upstreams.") {
                assert_checks(&what, &block.body);
            } else {
                assert_checks(&what, &format!("{}{UPSTREAM}", block.body));
            }
        }
    }
}

#[test]
fn the_picture_of_a_requests_life_has_the_layers_of_the_stack_in_their_order() {
    let text = fs::read_to_string(root().join("docs/concepts/life-of-a-request.md")).unwrap();
    let picture = text
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let drawn: Vec<&str> = picture
        .lines()
        .filter_map(|line| line.trim_start_matches(['├', ' ']).split_whitespace().next())
        .collect();
    assert_eq!(drawn, portcullis::stack::ORDER);
}

#[track_caller]
fn assert_checks(what: &str, text: &str) {
    let certs = Certs::new();
    let text = &with_certificates(text, &certs);
    let names: Vec<String> = variables(text);
    let values: Vec<_> = names.iter().map(|name| (name.as_str(), value_of(name))).collect();
    let exit = run(&["check"], text, &values);
    assert_eq!(exit.code, Some(0), "{what}:\n{}", exit.output());
}

/// Where documents keep their certificates, which are read when a policy is checked.
const TLS_FOLDER: &str = "/etc/portcullis/tls/";

/// The text, with certificates of ours in the place of those it names.
fn with_certificates(text: &str, certs: &Certs) -> String {
    for rest in text.split(TLS_FOLDER).skip(1) {
        if let Some((name, _)) = rest.split_once(".pem") {
            certs.issue(name, &[&format!("{name}.test")]);
        }
    }
    text.replace(TLS_FOLDER, &format!("{}/", certs.path(".").display()))
}

/// A value that suits the variable.
fn value_of(name: &str) -> &'static str {
    match name {
        "SENTRY_DSN" => "https://0123456789abcdef@o1.ingest.example.com/42",
        _ => "https://app.example.com/0123456789abcdef",
    }
}

/// The names in `${NAME}`: those with a default are left to it.
fn variables(text: &str) -> Vec<String> {
    let inside = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    inside
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
        .map(str::to_owned)
        .collect()
}

fn files_under(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
