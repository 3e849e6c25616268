//! A content security policy out of its directives.

use std::collections::BTreeMap;

use http::HeaderValue;

use crate::policy::problem::At;
use crate::policy::units::Switch;

/// Renders directives with their sources; `None` if there are none.
pub(super) fn render(table: &BTreeMap<String, Switch<Vec<String>>>, at: &At<'_>) -> Option<HeaderValue> {
    let mut parts = Vec::new();
    for (name, sources) in table {
        let Some(sources) = sources.as_ref() else { continue };
        let at = at.key(name);
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            at.fault(format!("`{name}` is no directive"))
                .help("write it as in the standard, such as `default-src`");
        }
        for source in sources {
            if let Some(why) = wrong_source(source) {
                at.fault(format!("`{source}` {why}"))
                    .help("write one source per list element");
            }
        }
        parts.push(
            std::iter::once(name)
                .chain(sources)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    if parts.is_empty() {
        None
    } else {
        HeaderValue::from_str(&parts.join("; ")).ok()
    }
}

/// Why this cannot be one source expression (CSP3 §2.3.1): it would end the directive or add a second one.
fn wrong_source(source: &str) -> Option<&'static str> {
    const KEYWORDS: [&str; 6] = [
        "self",
        "none",
        "unsafe-inline",
        "unsafe-eval",
        "strict-dynamic",
        "report-sample",
    ];
    if source.is_empty() || source.contains([';', ',', ' ']) || !source.is_ascii() {
        return Some("is no source: it is empty or holds a space, `;` or `,`");
    }
    KEYWORDS
        .contains(&source)
        .then_some("is a keyword and needs single quotes inside the string")
}
