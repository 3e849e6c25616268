//! What a string with variables is made of. Only the forms are known here, no values.

/// A piece of a string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// As it stands.
    Text(&'t str),
    /// To be filled in; `raw` is how it is written.
    Variable { raw: &'t str, source: Source<'t> },
    /// Meant as a variable, and none.
    Faulty {
        raw: &'t str,
        message: String,
        help: String,
    },
}

/// Where a value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source<'t> {
    /// `${NAME}`, and what to do without it.
    Variable {
        name: &'t str,
        fallback: Fallback<'t>,
    },
    /// `${file:/path}`
    File(&'t str),
}

/// What to do if a variable is not set.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fallback<'t> {
    /// `${NAME}`: refuse. Set and empty is fine.
    None,
    /// `${NAME:-text}`: take the text, also if it is set and empty.
    Default(&'t str),
    /// `${NAME:?text}`: refuse with the text, also if it is set and empty.
    Message(&'t str),
}

/// Cuts a string into its parts.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let (part, length) = dollar(from);
        parts.push(part);
        rest = from.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// Whether the string is one variable and nothing beside it.
pub(super) fn is_one_variable(text: &str) -> bool {
    matches!(parts(text.trim()).as_slice(), [Part::Variable { .. }])
}

/// The part that begins with this dollar, and its length.
fn dollar(from: &str) -> (Part<'_>, usize) {
    let after = from.get(1..).unwrap_or_default();
    if after.starts_with('$') {
        return (Part::Text("$"), 2);
    }
    let Some(inner) = after.strip_prefix('{') else {
        return bare(from, after);
    };
    let Some(end) = inner.find('}') else {
        let message = "`${` is never closed".to_owned();
        let help = "close it with `}`, or write `$$` for a dollar sign".to_owned();
        return (
            Part::Faulty {
                raw: from,
                message,
                help,
            },
            from.len(),
        );
    };
    let (inner, length) = (inner.get(..end).unwrap_or_default(), end + 3);
    let raw = from.get(..length).unwrap_or(from);
    let part = match source(inner) {
        Ok(source) => Part::Variable { raw, source },
        Err((message, help)) => Part::Faulty { raw, message, help },
    };
    (part, length)
}

/// A dollar without braces: a slip if a name follows, else just a dollar.
fn bare<'t>(from: &'t str, after: &'t str) -> (Part<'t>, usize) {
    let name = after
        .find(|c: char| !is_name_char(c))
        .map_or(after, |end| after.get(..end).unwrap_or_default());
    let raw = from.get(..=name.len()).unwrap_or(from);
    if !is_name(name) {
        return (Part::Text(raw), raw.len());
    }
    let message = format!("`${name}` without braces is not filled in");
    let help = format!("write `${{{name}}}`, or `$${name}` for a dollar sign");
    (Part::Faulty { raw, message, help }, raw.len())
}

fn source(inner: &str) -> Result<Source<'_>, (String, String)> {
    if let Some(path) = inner.strip_prefix("file:") {
        return Ok(Source::File(path));
    }
    if inner.contains("${") {
        let help = "fill in one variable only, and give it a plain default".to_owned();
        return Err(("variables do not nest".to_owned(), help));
    }
    let end = inner
        .find(|c: char| !is_name_char(c))
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let fallback = match rest {
        "" => Some(Fallback::None),
        _ => match (rest.strip_prefix(":-"), rest.strip_prefix(":?")) {
            (Some(default), _) => Some(Fallback::Default(default)),
            (_, Some(message)) => Some(Fallback::Message(message)),
            _ => None,
        },
    };
    match fallback {
        Some(fallback) if is_name(name) => Ok(Source::Variable { name, fallback }),
        _ => Err((
            format!("`${{{inner}}}` is not a variable"),
            "write `${NAME}`, `${NAME:-default}`, `${NAME:?message}` or `${file:/path}`".to_owned(),
        )),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn variable<'t>(raw: &'t str, name: &'t str, fallback: Fallback<'t>) -> Part<'t> {
        let source = Source::Variable { name, fallback };
        Part::Variable { raw, source }
    }

    #[test]
    fn each_form_is_known() {
        assert_eq!(parts("${A}"), [variable("${A}", "A", Fallback::None)]);
        assert_eq!(
            parts("${A:-x y}"),
            [variable("${A:-x y}", "A", Fallback::Default("x y"))]
        );
        assert_eq!(
            parts("${A:?why}"),
            [variable("${A:?why}", "A", Fallback::Message("why"))]
        );
        let source = Source::File("/run/s");
        assert_eq!(
            parts("${file:/run/s}"),
            [Part::Variable {
                raw: "${file:/run/s}",
                source
            }]
        );
    }

    #[test]
    fn text_and_dollars_stay() {
        assert_eq!(
            parts("a$$b"),
            [Part::Text("a"), Part::Text("$"), Part::Text("b")]
        );
        assert_eq!(parts("5$"), [Part::Text("5"), Part::Text("$")]);
        assert_eq!(parts("$$${A}").len(), 2);
        assert_eq!(parts("$é"), [Part::Text("$"), Part::Text("é")]);
    }

    #[test]
    fn slips_are_told() {
        for slip in [
            "$HOME",
            "${",
            "${A",
            "${}",
            "${1A}",
            "${A:B}",
            "${A-b}",
            "${A:-${B}}",
        ] {
            assert!(matches!(parts(slip)[0], Part::Faulty { .. }), "{slip}");
        }
    }

    #[test]
    fn one_variable_is_told_from_more() {
        assert!(is_one_variable(" ${A:-} "));
        assert!(!is_one_variable("x${A}"));
        assert!(!is_one_variable("${A}${B}"));
    }
}
