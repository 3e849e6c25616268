//! What is shipped must be true: every policy in `config/` and every TOML block in the documents checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::documents::{blocks, documents, is_faulty};
use crate::support::run;

/// What a block is completed with if it names no upstream of its own.
const UPSTREAM: &str = "\n[upstreams.backend]\nservers = [\"http://backend:8000\"]\n";

#[test]
fn every_policy_in_config_checks() {
    for file in policies() {
        assert_checks(&file.display().to_string(), &fs::read_to_string(&file).unwrap());
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
            assert!(
                block.kind == "toml" || is_faulty(&block),
                "{what}: `{}` is no kind of block",
                block.kind
            );
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
    let names: Vec<String> = variables(text);
    let values: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "https://app.example.com/0123456789abcdef"))
        .collect();
    let exit = run(&["check"], text, &values);
    assert_eq!(exit.code, Some(0), "{what}:\n{}", exit.output());
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

fn policies() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("config")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    assert!(found.len() >= 3);
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
