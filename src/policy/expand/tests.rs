//! What expansion makes of whole policies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use toml::de::DeTable;

use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "SET" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        "LIST" => Some("a, b,,c ,".to_owned()),
        "QUOTE" => Some("\"]\nx = 1".to_owned()),
        _ => None,
    }
}

fn expanded(text: &str) -> (Node, Problems) {
    let mut root = Node::from_root(DeTable::parse(text).unwrap());
    let problems = Problems::default();
    expand(&mut root, text, &env, &problems);
    (root, problems)
}

fn string(value: &str) -> String {
    let (root, problems) = expanded(&format!("k = '{value}'"));
    assert!(problems.is_empty(), "{value}");
    match &root.get("k").unwrap().value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn list(value: &str) -> Vec<String> {
    let (root, _) = expanded(&format!("k = [{value}]"));
    let Value::List(items) = &root.get("k").unwrap().value else {
        panic!()
    };
    let text = |item: &Node| match &item.value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    items.iter().map(text).collect()
}

fn faults(text: &str) -> Vec<String> {
    let (_, problems) = expanded(text);
    problems
        .all()
        .iter()
        .map(|problem| problem.message.clone())
        .collect()
}

#[test]
fn a_variable_is_filled_in() {
    assert_eq!(string("a-${SET}-${SET}"), "a-value-value");
    assert_eq!(string("${EMPTY}"), "");
    assert_eq!(string("$${SET}$$"), "${SET}$");
}

#[test]
fn a_default_stands_in_for_unset_and_for_empty() {
    assert_eq!(string("${MISSING:-other}"), "other");
    assert_eq!(string("${EMPTY:-other}"), "other");
    assert_eq!(string("${SET:-other}"), "value");
    assert_eq!(string("${MISSING:-}"), "");
    assert_eq!(string("${SET:?why}"), "value");
}

#[test]
fn a_value_cannot_break_out_of_its_string() {
    let (root, _) = expanded("k = [\"x${QUOTE}\"]");
    assert_eq!(root.table().unwrap().len(), 1);
}

#[test]
fn an_element_that_is_one_variable_is_split() {
    assert_eq!(list("'${LIST}', 'd'"), ["a", "b", "c", "d"]);
    assert_eq!(list("'x${LIST}'"), ["xa, b,,c ,"]);
    assert!(list("'${MISSING:-}'").is_empty());
    assert!(list("'${EMPTY}'").is_empty());
}

#[test]
fn every_missing_variable_is_told() {
    let all = faults("a = '${ONE} ${TWO}'\n[b]\nc = ['${THREE:?ask the admin}']\n");
    assert_eq!(
        all,
        [
            "environment variable `ONE` is not set",
            "environment variable `TWO` is not set",
            "environment variable `THREE`: ask the admin",
        ]
    );
    assert_eq!(
        faults("a = '${EMPTY:?}'"),
        ["environment variable `EMPTY`: not set"]
    );
}

#[test]
fn keys_are_never_filled_in() {
    let (root, problems) = expanded("'${SET}' = 1");
    assert!(problems.is_empty());
    assert!(root.get("${SET}").is_some());
}

#[test]
fn a_file_is_read_without_its_last_newline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "hunter2\n").unwrap();
    assert_eq!(
        string(&format!("x-${{file:{}}}", path.display())),
        "x-hunter2"
    );
}

#[test]
fn what_is_no_readable_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("binary");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    let fault = |path: &str| faults(&format!("k = '${{file:{path}}}'")).remove(0);
    assert!(fault("secret").ends_with("is a relative path"));
    assert!(fault("/nowhere/secret").contains("cannot be read"));
    assert!(fault("/dev/zero").ends_with("is not a file"));
    assert!(fault(path.to_str().unwrap()).ends_with("is not UTF-8 text"));
    fs::write(&path, "x".repeat(65 << 10)).unwrap();
    assert!(fault(path.to_str().unwrap()).ends_with("is larger than 64 KiB"));
}

#[test]
fn what_was_filled_in_is_remembered_for_hiding() {
    let text = "k = 'u:${SET}@h'";
    let mut root = Node::from_root(DeTable::parse(text).unwrap());
    let done = expand(&mut root, text, &env, &Problems::default());
    assert_eq!(done[0].written, "u:${SET}@h");
    assert_eq!(done[0].hidden, ["value", "u:value@h"]);
}
