//! Keeps what came from the environment out of reports. Messages quote values in backticks: such a
//! value is shown as the operator wrote it. Remedies quote examples in double quotes, some of them
//! made from the value: there the value becomes `…`.

use std::ops::Range;

use super::expand::Expansion;

/// Shared characters from which on an example gives a value away.
const TELLING: usize = 3;

/// Conceals values in a message or a label about the text at `span`.
pub(super) fn message(said: &str, span: &Range<usize>, expansions: &[Expansion]) -> String {
    if expansions.is_empty() {
        return said.to_owned();
    }
    let shown = backticks(said, |piece| {
        expansions.iter().find(|e| e.covers(span) && e.shares(piece))
    });
    remedy(&shown, span, expansions)
}

/// Conceals values in a remedy for the text at `span`. Words in backticks are known ones here, and
/// stay unless they are a whole value.
pub(super) fn remedy(said: &str, span: &Range<usize>, expansions: &[Expansion]) -> String {
    if expansions.is_empty() {
        return said.to_owned();
    }
    let shown = backticks(said, |piece| expansions.iter().find(|e| e.is_in(piece)));
    let about: Vec<&Expansion> = expansions.iter().filter(|e| e.covers(span)).collect();
    let pieces = shown.split('"').enumerate().map(|(index, piece)| {
        let quoted = index % 2 == 1;
        about.iter().fold(
            piece.to_owned(),
            |piece, e| {
                if quoted { e.blotted(&piece) } else { piece }
            },
        )
    });
    pieces.collect::<Vec<_>>().join("\"")
}

/// Conceals values in any text made of the policy: one that is a value as a whole, and long ones wherever
/// they stand. A list's parts count as values.
pub(super) fn anywhere(said: &str, expansions: &[Expansion]) -> String {
    let mut shown = said.to_owned();
    for expansion in expansions {
        let parts = expansion.hidden.iter().flat_map(|hidden| hidden.split(','));
        let parts: Vec<&str> = parts.map(str::trim).filter(|part| !part.is_empty()).collect();
        let wholes = expansion.hidden.iter().map(String::as_str);
        for hidden in wholes.rev().chain(parts) {
            if expansion.written.contains(hidden) {
                continue;
            }
            if shown == hidden {
                return expansion.written.clone();
            }
            if hidden.len() >= 2 * TELLING {
                shown = shown.replace(hidden, &expansion.written);
            }
        }
    }
    shown
}

/// Replaces each piece in backticks for which an expansion is found by what the operator wrote.
fn backticks<'e>(said: &str, found: impl Fn(&str) -> Option<&'e Expansion>) -> String {
    let pieces = said.split('`').enumerate().map(|(index, piece)| {
        let found = if index % 2 == 1 { found(piece) } else { None };
        found.map_or_else(|| piece.to_owned(), |expansion| expansion.written.clone())
    });
    pieces.collect::<Vec<_>>().join("`")
}

impl Expansion {
    /// Whether the text at `span` is this string or a part of it.
    fn covers(&self, span: &Range<usize>) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
    }

    /// Whether a piece shows a part of the string that the operator did not write.
    fn shares(&self, piece: &str) -> bool {
        let foreign = !piece.is_empty() && !self.written.contains(piece);
        foreign
            && self
                .hidden
                .iter()
                .any(|hidden| hidden.contains(piece) || piece.contains(hidden.as_str()))
    }

    /// Whether a piece shows a whole value, wherever it is said.
    fn is_in(&self, piece: &str) -> bool {
        let long = |hidden: &String| hidden.len() >= 2 * TELLING && piece.contains(hidden.as_str());
        !self.written.contains(piece) && self.hidden.iter().any(|hidden| hidden == piece || long(hidden))
    }

    /// An example without what it has in common with the values.
    fn blotted(&self, example: &str) -> String {
        let mut out = example.to_owned();
        for hidden in self
            .hidden
            .iter()
            .filter(|hidden| !self.written.contains(hidden.as_str()))
        {
            out = out.replace(hidden.as_str(), "…");
            while let Some(run) = shared_run(&out, hidden) {
                out = out.replace(&run, "…");
            }
        }
        out
    }
}

/// The longest telling run of characters that both have.
fn shared_run(example: &str, hidden: &str) -> Option<String> {
    let chars: Vec<char> = example.chars().collect();
    let runs = (TELLING..=chars.len())
        .rev()
        .flat_map(|length| chars.windows(length));
    runs.map(|run| run.iter().collect::<String>())
        .find(|run| !run.contains('…') && hidden.contains(run.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn one(written: &str, hidden: &[&str]) -> [Expansion; 1] {
        let hidden = hidden.iter().map(|value| (*value).to_owned()).collect();
        let (span, written) = (4..12, written.to_owned());
        [Expansion {
            span,
            written,
            hidden,
        }]
    }

    #[test]
    fn a_quoted_value_is_shown_as_written() {
        let password = one("u:${P}", &["hunter2", "u:hunter2"]);
        let shown = |said, span| message(said, &span, &password);
        assert_eq!(shown("`u:hunter2` is bad", 4..12), "`u:${P}` is bad");
        assert_eq!(shown("`ter2` is not a unit", 6..12), "`u:${P}` is not a unit");
        assert_eq!(shown("`xhunter2x` elsewhere", 0..1), "`u:${P}` elsewhere");
        assert_eq!(shown("`ter2` elsewhere", 0..1), "`ter2` elsewhere");
    }

    #[test]
    fn an_example_keeps_its_form_without_the_value() {
        let shown = |said, hidden: &str| remedy(said, &(4..12), &one("${P}", &[hidden]));
        assert_eq!(shown("write \"15s\"", "15"), "write \"…s\"");
        assert_eq!(shown("write \"http://hunter2\"", "hunter2"), "write \"http://…\"");
        assert_eq!(shown("write \"123456B\"", "123456abc"), "write \"…B\"");
    }

    #[test]
    fn a_value_is_concealed_in_any_text() {
        let shown = |said, written, hidden: &[&str]| anywhere(said, &one(written, hidden));
        assert_eq!(
            shown(
                "set authorization: Bearer hunter2",
                "Bearer ${T}",
                &["hunter2", "Bearer hunter2"]
            ),
            "set authorization: Bearer ${T}"
        );
        assert_eq!(
            shown("x hunter2", "Bearer ${T}", &["hunter2", "Bearer hunter2"]),
            "x Bearer ${T}"
        );
        assert_eq!(
            shown("origins: https://a, https://b", "${O}", &["https://a,https://b"]),
            "origins: ${O}, ${O}"
        );
        assert_eq!(shown("80", "${P}", &["80"]), "${P}");
        assert_eq!(shown("port 80", "${P}", &["80"]), "port 80");
        assert_eq!(
            shown("on 8080", "${P:-8080}", &["8080"]),
            "on 8080",
            "the policy says it"
        );
    }

    #[test]
    fn known_words_stay_in_remedies() {
        let format = one("${FORMAT}", &["jsonx"]);
        assert_eq!(
            remedy("words here: `json`, `text`", &(4..12), &format),
            "words here: `json`, `text`"
        );
    }
}
