//! "Did you mean": the known word nearest to an unknown one, if one is near enough to be meant.

/// The known word that was most likely meant, or none if all are too far off to be of help.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    known
        .map(|candidate| (strsim::osa_distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance(&word, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How far a word is from a known one; spelled in another case it is the same.
pub fn distance(word: &str, known: &str) -> usize {
    strsim::osa_distance(&plain(word), &plain(known))
}

/// Words in backticks, with commas: `` `api`, `web` ``.
pub fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// "did you mean `web`? upstreams here: `api`, `web`": a remedy for a word that is not known.
/// `what` names the known words in the plural.
pub fn remedy<'a>(word: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if known.clone().next().is_none() {
        return format!("there are no {what} here");
    }
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`? {what} here: {}", list(known)),
        None => format!("{what} here: {}", list(known)),
    }
}

/// Kebab and camel case are spellings of the same word.
fn plain(word: &str) -> String {
    word.trim().replace('-', "_").to_lowercase()
}

/// One slip in three letters, and at least one; two different short words are no slip.
fn tolerance(word: &str, candidate: &str) -> usize {
    let longest = word.chars().count().max(candidate.chars().count());
    (longest / 3).max(1).min(longest.saturating_sub(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let near = |word| nearest(word, ["max_body", "max_head", "limits"].into_iter());
        assert_eq!(near("max-body"), Some("max_body"));
        assert_eq!(near("max_boyd"), Some("max_body"));
        assert_eq!(near("maxBody"), Some("max_body"));
        assert_eq!(near("limit"), Some("limits"));
    }

    #[test]
    fn another_word_finds_nothing() {
        assert_eq!(nearest("compression", ["max_body", "limits"].into_iter()), None);
        assert_eq!(nearest("x", ["y"].into_iter()), None);
        assert_eq!(nearest("", ["a"].into_iter()), None);
    }

    #[test]
    fn the_remedy_lists_what_is_known() {
        let known = ["api", "web"];
        assert_eq!(
            remedy("wbe", "upstreams", known.into_iter()),
            "did you mean `web`? upstreams here: `api`, `web`"
        );
        assert_eq!(
            remedy("shop", "upstreams", known.into_iter()),
            "upstreams here: `api`, `web`"
        );
        assert_eq!(
            remedy("shop", "upstreams", [].into_iter()),
            "there are no upstreams here"
        );
    }
}
