//! A line that is not TOML, as it was most likely meant: a value without quotes, with the wrong ones or with one of
//! them; `key: value`; a header that is not closed.

use super::remedy::quoted;

/// Signs that people and editors put around a value.
const QUOTES: [char; 12] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '‚', '«', '»', '″'];

/// What is odd about a line, if it has a name.
pub(super) fn oddity(line: &str) -> Option<&'static str> {
    if line.contains(['“', '”', '„', '‘', '’', '‚', '«', '»', '″']) {
        return Some("typographic quotes");
    }
    let code = without_comment(line);
    if directive(line).is_some() {
        return Some("a line in the style of nginx");
    }
    if code.matches('"').count() % 2 == 1 {
        return Some("a string without its end, or its beginning");
    }
    let (colon, equals) = (code.find(": "), code.find('='));
    colon
        .filter(|colon| equals.is_none_or(|equals| *colon < equals))
        .filter(|colon| code.get(..*colon).is_some_and(|key| is_key(key.trim())))
        .map(|_| "`:` after a key, as in YAML")
}

/// The first word of a line in the style of nginx: `listen 80;`, `location /api {`.
pub(super) fn directive(line: &str) -> Option<&str> {
    let code = without_comment(line);
    let ends = code.ends_with(';') || code.ends_with('{');
    let (word, rest) = code.split_once([' ', '\t', ';'])?;
    (ends && is_key(word) && !rest.trim_start().starts_with(['=', ':'])).then_some(word)
}

/// The line as it was meant, perhaps.
pub(super) fn mended(line: &str) -> Option<String> {
    let code = without_comment(line);
    if code.starts_with('[') {
        return header(code);
    }
    let (key, value) = match code.split_once('=') {
        Some((key, value)) if !key.contains(": ") => (key, value),
        _ => code.split_once(':')?,
    };
    let key = key.trim().trim_matches(QUOTES);
    if !is_key(key) {
        return None;
    }
    Some(format!("{key} = {}", value_of(value)?))
}

/// The line of a list that is not closed before a line that begins something else.
pub(super) fn open_list(lines: &[String], number: usize) -> Option<usize> {
    let line = without_comment(lines.get(number)?);
    let begins = line.starts_with('[') || line.split_once('=').is_some_and(|(key, _)| is_key(key.trim()));
    let opens = |line: &str| {
        let value = line.split_once('=').map(|(_, value)| value.trim());
        value.is_some_and(|value| value.starts_with('[') && !value.contains(']'))
    };
    let closes = |line: &str| without_comment(line).ends_with(']') || without_comment(line).ends_with("],");
    let before = lines.get(..number)?;
    let opened = before.iter().rposition(|line| opens(without_comment(line)))?;
    let open = !before.get(opened + 1..)?.iter().any(|line| closes(line));
    (begins && open).then_some(opened)
}

fn header(code: &str) -> Option<String> {
    let name = code.trim_matches(['[', ']', ' ']);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let list = code.starts_with("[[") || code.ends_with("]]");
    (!name.is_empty() && name.chars().all(plain)).then(|| {
        if list {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        }
    })
}

fn value_of(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches([';', ',']).trim_end();
    if text.is_empty() {
        return None;
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or(inner);
        let items = inner.split(',').map(str::trim).filter(|item| !item.is_empty());
        return Some(format!("[{}]", items.map(single).collect::<Vec<_>>().join(", ")));
    }
    if let Some(inner) = text.strip_prefix('{') {
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        if inner.contains(['[', '{']) {
            return None;
        }
        let pairs: Option<Vec<_>> = inner.split(',').map(mended).collect();
        return Some(format!("{{ {} }}", pairs?.join(", ")));
    }
    Some(single(text))
}

/// One value: a number, a truth, or a text in quotes.
fn single(text: &str) -> String {
    let bare = text.trim_matches(QUOTES).trim();
    let number = text.parse::<i64>().is_ok() || text.parse::<f64>().is_ok_and(f64::is_finite);
    if number || matches!(text, "true" | "false") {
        text.to_owned()
    } else {
        quoted(bare)
    }
}

fn is_key(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !word.is_empty() && word.chars().all(plain)
}

/// A hash counts as a comment after a space: before that it may belong to a value that should stand in quotes.
fn without_comment(line: &str) -> &str {
    let end = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
    line.get(..end).unwrap_or(line).trim()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_gets_its_quotes() {
        for (line, meant) in [
            ("drain = 8s", "drain = \"8s\""),
            ("access = /var/log/a.log", "access = \"/var/log/a.log\""),
            ("max_body = 10MB # enough", "max_body = \"10MB\""),
            ("environment = “production”", "environment = \"production\""),
            ("environment = \"production", "environment = \"production\""),
            ("environment = production\"", "environment = \"production\""),
            ("environment = 'production\"", "environment = \"production\""),
            (
                "servers = [http://a:80, 'http://b']",
                "servers = [\"http://a:80\", \"http://b\"]",
            ),
            ("limits = [\"a\"", "limits = [\"a\"]"),
            (
                "slow = { warn = 1s, error = \"2s\" }",
                "slow = { warn = \"1s\", error = \"2s\" }",
            ),
            ("burst = 20;", "burst = 20"),
            ("log = true,", "log = true"),
        ] {
            assert_eq!(mended(line).as_deref(), Some(meant), "{line}");
        }
    }

    #[test]
    fn other_spellings_of_a_key_and_a_header() {
        assert_eq!(mended("drain: 8s").unwrap(), "drain = \"8s\"");
        assert_eq!(mended("  level: info").unwrap(), "level = \"info\"");
        assert_eq!(mended("[logs").unwrap(), "[logs]");
        assert_eq!(mended("[[routes]").unwrap(), "[[routes]]");
        assert_eq!(mended("listen 80;"), None);
        assert_eq!(mended("drain ="), None);
    }

    #[test]
    fn what_is_odd_has_a_name() {
        assert_eq!(oddity("a = “b”"), Some("typographic quotes"));
        assert_eq!(oddity("a: b"), Some("`:` after a key, as in YAML"));
        assert_eq!(oddity("listen 80;"), Some("a line in the style of nginx"));
        assert_eq!(oddity("address = 0.0.0.0: 80"), None);
        assert_eq!(directive("  proxy_pass http://app;"), Some("proxy_pass"));
        assert_eq!(directive("location /api {"), Some("location"));
        assert_eq!(directive("a = {"), None);
    }
}
