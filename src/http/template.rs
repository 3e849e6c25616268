//! Text with places to be filled in: `"/items/{id}"`. Read once, when the policy is compiled; `{{` and `}}`
//! stand for braces. It knows no names: whoever reads one says which there are.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Stands as it is; never empty.
    Text(String),
    /// `{name}`.
    Slot(String),
}

/// Reads a template; the message says how to write it right.
pub fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if let Some((name, after)) = slot(from) {
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Slot(name.to_owned()));
            rest = after;
        } else {
            return Err(
                "there is a brace that belongs to no `{name}`; write `{{` or `}}` for the sign itself"
                    .to_owned(),
            );
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

/// The name in the braces at the front, and what follows them.
fn slot(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(named)).then_some((name, after))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |part: &Part| match part {
            Part::Text(text) => format!("[{text}]"),
            Part::Slot(name) => format!("<{name}>"),
        };
        parse(text).unwrap().iter().map(show).collect()
    }

    #[test]
    fn reads_text_slots_and_doubled_braces() {
        assert_eq!(shown(""), "");
        assert_eq!(shown("/a"), "[/a]");
        assert_eq!(shown("/a/{id}/b{x_1}{y}"), "[/a/]<id>[/b]<x_1><y>");
        assert_eq!(shown("{{\"a\":{{}}}}"), "[{\"a\":{}}]");
        assert_eq!(shown("{{{id}}}"), "[{]<id>[}]");
    }

    #[test]
    fn a_lone_brace_is_told_how_to_be_one() {
        for text in ["{", "}", "a{", "{}", "{a b}", "{a-b}", "{\"a\":1}", "a}b", "{a"] {
            assert!(parse(text).unwrap_err().contains("write `{{`"), "{text}");
        }
    }
}
