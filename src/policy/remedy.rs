//! Where remedies are made. One that is a value (`write "15s"`) is read by the parser that refused what was written,
//! and is told only if that takes it and it is another value; else the accepted form is shown.

use std::fmt::Write;

use toml::de::DeTable;

use super::tree::Node;

/// Reads a text. The remedy for a faulty one is read in the same way before it is told; `form` is what an accepted
/// one looks like: `a time such as "15s"`.
pub fn read<T>(text: &str, form: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    parse(text).map_err(|said| {
        let (message, help) = split(&said);
        let value = help.as_deref().and_then(value_in).map(unquoted);
        let right = value.is_none_or(|value| value != text.trim() && parse(value).is_ok());
        if right && help.is_some() {
            said
        } else {
            format!("{message}: write {form}")
        }
    })
}

/// A fault as parsers tell it, taken apart: what is wrong, and from `write` or `use` on what to do.
pub(super) fn split(said: &str) -> (String, Option<String>) {
    for verb in ["write", "use", "leave", "name"] {
        for mark in [": ", "; "] {
            if let Some((message, remedy)) = said.split_once(&format!("{mark}{verb} ")) {
                return (message.to_owned(), Some(format!("{verb} {remedy}")));
            }
        }
    }
    (said.to_owned(), None)
}

/// The value, in TOML, that a remedy consists of; nothing if it is a form or a sentence.
pub(super) fn value_in(help: &str) -> Option<&str> {
    let text = help.strip_prefix("write ")?;
    node(text).map(|_| text)
}

/// A value in TOML as a node without a place of its own.
pub(super) fn node(text: &str) -> Option<Node> {
    if text.contains(['\n', '\r']) {
        return None;
    }
    let line = format!("v = {text}");
    let root = Node::from_root(DeTable::parse(&line).ok()?);
    root.get("v").cloned()
}

/// A text as a value in TOML.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A string in TOML without its quotes; parsers suggest none that needs escapes.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(text: &str) -> Result<u32, String> {
        let number: Option<u32> = text.parse().ok();
        number.filter(|number| number.is_multiple_of(2)).ok_or_else(|| {
            let near = number.map_or_else(|| "2;".to_owned(), |number| (number - 1).to_string());
            format!("`{text}` is not even: write \"{near}\"")
        })
    }

    #[test]
    fn a_value_that_the_parser_refuses_is_no_remedy() {
        let said = |text| read(text, "an even number such as \"2\"", even).unwrap_err();
        assert_eq!(said("3"), "`3` is not even: write \"2\"");
        assert_eq!(said("x"), "`x` is not even: write an even number such as \"2\"");
    }

    #[test]
    fn what_was_written_is_no_remedy() {
        let same = |text: &str| match text {
            "a" => Err::<(), _>("`a` is wrong: write \"a\"".to_owned()),
            _ => Ok(()),
        };
        assert_eq!(read("a", "b", same).unwrap_err(), "`a` is wrong: write b");
    }

    #[test]
    fn a_remedy_is_a_value_only_as_a_whole() {
        assert_eq!(value_in("write \"15s\""), Some("\"15s\""));
        assert_eq!(value_in("write 443"), Some("443"));
        assert_eq!(value_in("write [\"a\"]"), Some("[\"a\"]"));
        for form in [
            "write \"1s\" or more",
            "use letters",
            "write a time",
            "write a = 1",
        ] {
            assert_eq!(value_in(form), None, "{form}");
        }
    }

    #[test]
    fn a_quoted_text_reads_as_itself() {
        for text in ["a", "say \"no\"", "back\\slash", "tab\there"] {
            let value: toml::Value = toml::from_str::<toml::Table>(&format!("v = {}", quoted(text)))
                .unwrap_or_default()
                .remove("v")
                .unwrap_or(toml::Value::Boolean(false));
            assert_eq!(value.as_str(), Some(text));
        }
    }
}
