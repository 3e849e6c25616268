//! Words of other programs, and what is written here in their place. A stranger types what the last program was
//! configured with; the nearest spelling of one of our keys is then the wrong advice.

/// A word of another program.
struct Word {
    /// In lower case, `-` as `_`.
    name: &'static str,
    /// Whose word it is; empty for everybody's.
    of: &'static str,
    /// The table it belongs in here; empty: `write` is a sentence.
    table: &'static str,
    /// What to write there.
    write: &'static str,
}

/// Keys by which a route, `[defaults]` and the policy as a whole are known.
const ROUTES: [&str; 2] = ["max_body", "routes"];

mod words;

use words::WORDS;

/// What to write in place of a word that is not one of ours.
pub(super) struct Advice {
    /// Whose word it is, if it is one program's.
    pub(super) of: Option<&'static str>,
    /// The remedy.
    pub(super) help: String,
}

/// What is known of this word, however it is spelled, in a table with these keys.
pub(super) fn advice<'k>(word: &str, mut keys: impl Iterator<Item = &'k str>) -> Option<Advice> {
    let plain = plain(word);
    let found = WORDS.iter().find(|known| known.name == plain)?;
    // A key of `match` is sought in a route; in an upstream's check it is another matter.
    if found.of.is_empty() && found.write.starts_with("match") && !keys.any(|key| ROUTES.contains(&key)) {
        return None;
    }
    let help = if found.table.is_empty() {
        found.write.to_owned()
    } else {
        format!("write {} in {}", found.write, shown(found.table))
    };
    Some(Advice {
        of: Some(found.of).filter(|of| !of.is_empty()),
        help,
    })
}

fn shown(table: &str) -> String {
    match table {
        "[defaults]" => "`[defaults]` or in a route".to_owned(),
        "[[routes]]" => "a route, which begins with `[[routes]]`".to_owned(),
        "[limits.NAME]" => "`[limits.NAME]`, and limits = [\"NAME\"] in the route".to_owned(),
        "[[listeners.NAME.certificates]]" => {
            "`[[listeners.NAME.certificates]]`, which has `cert` and `key`".to_owned()
        }
        other => format!("`{other}`"),
    }
}

/// `insecureSkipVerify`, `insecure-skip-verify` and `insecure_skip_verify` are one word.
fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut small = false;
    for c in word.trim().chars() {
        if c.is_ascii_uppercase() && small {
            plain.push('_');
        }
        small = c.is_ascii_lowercase();
        plain.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn a_word_is_found_however_it_is_spelled() {
        for word in [
            "insecure_skip_verify",
            "insecureSkipVerify",
            "Insecure-Skip-Verify",
        ] {
            assert!(advice(word, [].into_iter()).is_some(), "{word}");
        }
        assert!(advice("max_body", [].into_iter()).is_none());
    }

    #[test]
    fn what_is_advised_is_read() {
        for word in WORDS.iter().filter(|word| !word.table.is_empty()) {
            let text = format!("{}\n{}\n", word.table, word.write);
            let (_, source, problems) = Policy::read("p.toml", &text, &|_| None);
            let report =
                crate::policy::report::render(&problems, &source, crate::policy::report::Style::Short);
            let missing = |line: &str| line.contains("missing key");
            assert!(report.lines().all(missing), "{}:\n{text}{report}", word.name);
        }
    }

    #[test]
    fn no_word_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for word in WORDS {
            assert_eq!(word.name, plain(word.name));
            assert!(seen.insert(word.name), "{}", word.name);
        }
    }
}
