//! A value of the wrong type, as it would be right: guesses, which are read before one of them is told.

use crate::policy::remedy::quoted;
use crate::policy::tree::{Node, Value};

/// Guesses at what was meant where a value of another type belongs, the likeliest first; then what may be said in
/// general.
pub(super) fn guesses(culprit: &Node, expected: &str) -> Vec<String> {
    let values = match &culprit.value {
        Value::Text(text) => from_text(text, expected),
        Value::Integer(number) if expected == TRUTH => truth(&number.to_string()),
        Value::Float(number) if number.fract() == 0.0 => vec![format!("{number:.0}")],
        Value::List(items) if !is_text(expected) => match items.as_slice() {
            [only] => written(only).into_iter().collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let form = form(culprit, expected).map(str::to_owned);
    let values = values.into_iter().map(|value| format!("write {value}"));
    values.chain(form).collect()
}

/// How a table or a list is written, where it is not what was found.
fn form(culprit: &Node, expected: &str) -> Option<&'static str> {
    match (&culprit.value, expected) {
        (Value::List(items), "a table") if items.iter().all(|item| item.table().is_some()) => {
            Some("write the table once: single brackets around its name, or { key = value }")
        }
        (_, "a table") => Some("write its keys in braces, { key = value }, or under a header of its own"),
        (Value::List(_), text) if is_text(text) => Some("write one, without brackets"),
        (Value::Integer(_) | Value::Float(_) | Value::Boolean(_), text) if is_text(text) => {
            Some("put it in quotes")
        }
        (_, "a list") => Some("put what belongs in it in brackets: [ … ]"),
        _ => None,
    }
}

/// Whether any text may be written there: what it names, if anything, is not known here.
fn is_text(expected: &str) -> bool {
    ["a string", "a word in quotes", "a path in quotes"].contains(&expected)
}

const TRUTH: &str = "`true` or `false`";

fn from_text(text: &str, expected: &str) -> Vec<String> {
    let text = text.trim().trim_end_matches(';');
    if expected == TRUTH {
        return truth(text);
    }
    if expected.starts_with("a whole number") {
        return number(text).into_iter().collect();
    }
    let parts: Vec<_> = text.split(',').map(|part| quoted(part.trim())).collect();
    vec![format!("[{}]", parts.join(", "))]
}

fn truth(word: &str) -> Vec<String> {
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&["yes", "on", "1", "y", "enabled", "true"]) {
        vec!["true".to_owned()]
    } else if is(&["no", "off", "0", "n", "disabled", "none", "false"]) {
        vec!["false".to_owned()]
    } else {
        Vec::new()
    }
}

/// nginx's `burst=20 nodelay` lets one more through at once than our bucket of 20 holds.
fn number(text: &str) -> Option<String> {
    if let Some(burst) = text.strip_suffix("nodelay") {
        let burst: u32 = burst.trim().trim_start_matches("burst=").parse().ok()?;
        let bucket = burst.saturating_add(1);
        return Some(format!("{bucket}  # nginx lets {bucket} through at once"));
    }
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '_' | ',' | ' ' | '\''))
        .collect();
    plain.parse::<u64>().ok().map(|number| number.to_string())
}

/// A single value in TOML.
fn written(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(quoted(text)),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether this is the value that stands there already.
pub(super) fn is_written(culprit: &Node, value: &Node) -> bool {
    match (&culprit.value, &value.value) {
        (Value::Text(a), Value::Text(b)) => a.trim() == b.trim(),
        (Value::Integer(a), Value::Integer(b)) => a == b,
        (Value::Boolean(a), Value::Boolean(b)) => a == b,
        _ => false,
    }
}
