//! `docs/reference/access-log.md` against the source that writes the line: the same keys, the same ends.

use std::collections::BTreeSet;

use super::markdown::{blocks, code, page, rows};

/// Words in quotes between two marks of a source file.
fn words<'s>(source: &'s str, from: &str, to: &str) -> BTreeSet<&'s str> {
    let (_, rest) = source.split_once(from).unwrap();
    let (body, _) = rest.split_once(to).unwrap();
    body.split('"').skip(1).step_by(2).collect()
}

#[test]
fn every_key_and_every_end_of_the_access_log_is_documented() {
    let line = page("src/observe/access_log/line.rs");
    let endings = page("src/stack/words.rs");
    let mut expected: BTreeSet<&str> = ["timestamp", "level", "logger", "message", "module"].into();
    expected.extend(words(&line, "fn write_times", "\n}\n"));
    expected.extend(words(&endings, "fn end_name", "\n}\n"));
    expected.extend(words(&endings, "const DRAIN_OVER", ";"));
    expected.insert("panic");
    let rows = rows(&page("docs/reference/access-log.md"));
    let documented: BTreeSet<&str> = rows.iter().filter_map(|row| code(&row.cells[0])).collect();
    assert_eq!(documented, expected);
}

#[test]
fn the_line_shown_has_only_keys_that_exist() {
    let text = page("docs/reference/access-log.md");
    let rows = rows(&text);
    let documented: BTreeSet<&str> = rows.iter().filter_map(|row| code(&row.cells[0])).collect();
    let shown = blocks(&text).remove(0).body;
    let shown: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&shown).unwrap();
    let strange: Vec<_> = shown
        .keys()
        .filter(|key| !documented.contains(key.as_str()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}
