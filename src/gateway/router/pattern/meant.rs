//! Paths as other programs write them, in our form where that is sure: expressions, stars in the middle, `:name`.

/// Signs that stand in expressions and in no path.
pub(super) fn is_regex(text: &str) -> bool {
    text.starts_with(['^', '~'])
        || text.ends_with('$')
        || [".*", ".+", "(", "[", "|", "\\"]
            .iter()
            .any(|sign| text.contains(sign))
}

/// The path that a simple expression stands for: `^/api/.*$`.
pub(super) fn without_regex(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['~', '*', ' ', '^']);
    let open = text.strip_suffix('$').unwrap_or(text);
    let (path, rest) = match open.find(
        [".*", ".+", "(.*)", "(.+)"]
            .into_iter()
            .find(|end| open.ends_with(end))
            .unwrap_or("\u{0}"),
    ) {
        Some(at) => (open.get(..at)?, true),
        None => (open, !text.ends_with('$')),
    };
    let path = path.trim_end_matches(['/', '(', '?']);
    let plain = path.is_empty()
        || path.starts_with('/') && !path.contains(['(', '[', '|', '\\', '*', '+', '?', '^', '.']);
    plain.then(|| match (path, rest) {
        ("", false) => "/".to_owned(),
        (path, false) => path.to_owned(),
        (path, true) => format!("{path}/*"),
    })
}

pub(super) fn with_single_slashes(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out
}

/// Stars and `:name` as `{name}`; a star at the end stays.
pub(super) fn with_names(path: &str) -> String {
    let last = path.split('/').count() - 1;
    let mut stars = 0;
    let segments = path.split('/').enumerate().map(|(at, segment)| match segment {
        "*" | "**" if at == last => "*".to_owned(),
        "*" | "**" => {
            stars += 1;
            if stars == 1 {
                "{id}".to_owned()
            } else {
                format!("{{id{stars}}}")
            }
        }
        _ => segment
            .strip_prefix(':')
            .map_or_else(|| segment.to_owned(), |name| format!("{{{name}}}")),
    });
    segments.collect::<Vec<_>>().join("/")
}
