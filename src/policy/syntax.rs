//! Faults of TOML itself, each with what to write instead. One per line: what a parser finds after
//! the first on a line is mostly the same slip again.

use std::collections::BTreeSet;
use std::ops::Range;

use super::problem::Problems;

/// Notes what the parser found.
pub(super) fn note(faults: &[toml::de::Error], text: &str, problems: &Problems) {
    let mut lines = BTreeSet::new();
    for fault in faults {
        let span = within(fault.span().unwrap_or_default(), text);
        let line = text
            .get(..span.start)
            .unwrap_or_default()
            .matches('\n')
            .count();
        if !lines.insert(line) {
            continue;
        }
        let (what, expected) = match fault.message().split_once(", expected ") {
            Some((what, expected)) => (what, Some(expected)),
            None => (fault.message(), None),
        };
        let note = problems.fault_at(span, format!("not TOML: {what}"));
        match (remedy(what), expected) {
            (Some(remedy), _) => note.help(remedy),
            (None, Some(expected)) => note.help(format!("expected {expected}")),
            (None, None) => note,
        };
    }
}

/// A fault beyond the end of a line is shown at its end.
fn within(span: Range<usize>, text: &str) -> Range<usize> {
    let start = span.start.min(text.len());
    start..span.end.clamp(start, text.len())
}

fn remedy(what: &str) -> Option<&'static str> {
    let known = [
        (
            "string values must be quoted",
            "put the value in quotes: \"15s\"",
        ),
        (
            "duplicate key",
            "remove one of the two, or merge the two tables",
        ),
        ("key with no value", "write key = value"),
        (
            "invalid basic string",
            "close the string with a `\"` on the same line",
        ),
        (
            "invalid literal string",
            "close the string with a `'` on the same line",
        ),
        ("unclosed array", "close the list with `]`"),
        ("unclosed table", "close the header with `]`"),
        ("unexpected key or value", "write one key = value a line"),
    ];
    known
        .iter()
        .find(|(start, _)| what.starts_with(start))
        .map(|(_, remedy)| *remedy)
}
