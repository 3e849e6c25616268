//! What else a backend may take a path for. Routes are matched in the normal form (see [`path`](crate::http::path));
//! a backend that reads `/x;/..;/admin`, `/%2561dmin` or `/x%2f..%2fadmin` otherwise is asked for another page than the
//! one whose guards were passed. Which reading is right nobody can know here: a path whose readings lead to
//! different routes is refused, any other passes as it came.

use crate::http::path::{decode, decode_fully, has_plain_segments, normal_form, tidy};

/// What makes a path ambiguous, and so how else it may be read: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traits(u8);

/// `;x` at the end of a segment: Java servlets drop it, `..;` included.
const PARAMETERS: Traits = Traits(1);
/// `\`: a separator to Windows and to browsers.
const BACKSLASH: Traits = Traits(2);
/// Escapes that held escapes: undone once more by whoever decodes twice.
const ESCAPES: Traits = Traits(4);
/// Bytes that are no UTF-8, overlong forms of ASCII among them (CVE-2000-0884).
const OVERLONG: Traits = Traits(8);

/// Why a path is refused without looking further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldsNul;

/// Whether a path may have readings beside its normal form. Most have not, and nothing is to be done.
pub fn is_odd(path: &str) -> bool {
    path.bytes().any(|byte| matches!(byte, b'%' | b';' | b'\\'))
}

/// The readings of a path beside its normal form, each in the form that routes are matched in. A NUL ends the
/// path for programs in C and for nobody else; no honest path holds one (RFC 3986 §7.3).
pub fn others(path: &str) -> Result<Vec<String>, HoldsNul> {
    let once = decode(path.as_bytes());
    let deep = decode_fully(path.as_bytes());
    if deep.contains(&0) {
        return Err(HoldsNul);
    }
    // What stands in the open after one round does so after all.
    let traits = Traits::NONE
        .with(PARAMETERS, deep.contains(&b';'))
        .with(BACKSLASH, deep.contains(&b'\\'))
        .with(ESCAPES, deep != once)
        .with(OVERLONG, std::str::from_utf8(&deep).is_err());
    let mut others: Vec<String> = traits
        .combinations()
        .map(|traits| tidy(&traits.read(if traits.has(ESCAPES) { &deep } else { &once })))
        .collect();
    if let Some(whole) = with_whole_segments(path) {
        others.push(whole);
    }
    Ok(others)
}

/// Whether the first `at` bytes of a path are the same segments in every reading of it, so that they can be taken off
/// or put before the rest: then what follows means the same with them and without.
pub fn has_same_prefix(path: &str, at: usize) -> bool {
    let Some((prefix, rest)) = path.split_at_checked(at) else {
        return false;
    };
    if !has_plain_segments(prefix) || !rest.starts_with('/') {
        return false;
    }
    let prefix = normal_form(prefix);
    let is_whole = |whole: &str, rest: &str| whole.strip_prefix(&*prefix) == Some(rest);
    let same = match (others(path), others(rest)) {
        (Ok(wholes), Ok(rests)) => {
            wholes.len() == rests.len()
                && wholes
                    .iter()
                    .zip(&rests)
                    .all(|(whole, rest)| is_whole(whole, rest))
        }
        _ => false,
    };
    same && is_whole(&normal_form(path), &normal_form(rest))
}

impl Traits {
    const NONE: Self = Self(0);

    fn with(self, one: Self, there: bool) -> Self {
        Self(if there { self.0 | one.0 } else { self.0 })
    }

    fn has(self, one: Self) -> bool {
        self.0 & one.0 != 0
    }

    /// Every reading that differs in one trait or more from the plain one.
    fn combinations(self) -> impl Iterator<Item = Self> {
        (1..=self.0).filter(move |bits| bits & !self.0 == 0).map(Self)
    }

    /// The path as somebody with these traits reads it, who has undone the escapes already.
    fn read(self, decoded: &[u8]) -> Vec<u8> {
        let mut path = if self.has(OVERLONG) {
            shorten(decoded)
        } else {
            decoded.to_vec()
        };
        if self.has(BACKSLASH) {
            path.iter_mut()
                .filter(|byte| **byte == b'\\')
                .for_each(|byte| *byte = b'/');
        }
        if self.has(PARAMETERS) {
            path = without_parameters(&path);
        }
        path
    }
}

/// Each segment up to its first `;`.
fn without_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|byte| *byte == b'/');
    let names: Vec<&[u8]> = segments
        .map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default())
        .collect();
    names.join(&b'/')
}

/// ASCII written in two, three or four bytes, as one (RFC 3629 §10 forbids it and tells why).
fn shorten(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        let (byte, after) = match rest {
            [0xC0 | 0xC1, low @ 0x80..=0xBF, after @ ..]
            | [0xE0, 0x80 | 0x81, low @ 0x80..=0xBF, after @ ..]
            | [0xF0, 0x80, 0x80 | 0x81, low @ 0x80..=0xBF, after @ ..] => {
                let high = rest.len().saturating_sub(after.len() + 2);
                let odd = rest.get(high).copied().unwrap_or_default() & 1;
                (odd << 6 | low & 0x3F, after)
            }
            _ => (*first, tail),
        };
        out.push(byte);
        rest = after;
    }
    out
}

/// The reading of those who cut a path up before they decode it: an escaped slash is a letter like any other.
fn with_whole_segments(path: &str) -> Option<String> {
    let is_slash = |three: &[u8]| three.eq_ignore_ascii_case(b"%2f");
    if !path.as_bytes().windows(3).any(is_slash) {
        return None;
    }
    let mut kept = Vec::with_capacity(path.len() + 8);
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if rest.get(..3).is_some_and(is_slash) {
            // Escaped once more, so that it comes out of decoding as it was.
            kept.extend_from_slice(b"%252F");
            rest = rest.get(3..).unwrap_or_default();
        } else {
            kept.push(*first);
            rest = tail;
        }
    }
    Some(tidy(&decode(&kept)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads_as(path: &str, other: &str) {
        let others = others(path).unwrap();
        assert!(others.iter().any(|one| one == other), "{path}: {others:?}");
    }

    #[test]
    fn plain_paths_have_no_other_reading() {
        for path in [
            "/",
            "/a/b/",
            "/a%20b",
            "/caf%C3%A9",
            "/%61dmin",
            "/x/../admin",
            "//admin",
        ] {
            assert!(others(path).unwrap().is_empty(), "{path}");
        }
        assert!(!is_odd("/a/b.c/../d~e_f@g:h!$&'()*+,=-1"));
    }

    #[test]
    fn finds_the_page_that_another_reader_finds() {
        reads_as("/admin;x=1", "/admin");
        reads_as("/admin;x=1/users", "/admin/users");
        reads_as("/x/..;/admin", "/admin");
        reads_as("/x/..;a=b/admin", "/admin");
        reads_as("/x/%2e%2e;/admin", "/admin");
        reads_as("/admin%3bx", "/admin");
        reads_as("/x\\..\\admin", "/admin");
        reads_as("/x%5c..%5Cadmin", "/admin");
        reads_as("/%2561dmin", "/admin");
        reads_as("/%252561dmin", "/admin");
        reads_as("/x/%252e%252e/admin", "/admin");
        reads_as("/x/%c0%ae%c0%ae/admin", "/admin");
        reads_as("/x%c0%af..%e0%80%afadmin", "/admin");
        reads_as("/%c1%a1dmin", "/admin");
        reads_as("/%f0%80%81%a1dmin", "/admin");
        reads_as("/x%255c..;y%255cadmin", "/admin");
        reads_as("/admin%2fusers", "/admin%2Fusers");
        reads_as("/x%2F..%2fadmin", "/x%2F..%2Fadmin");
    }

    #[test]
    fn a_prefix_is_the_same_where_nothing_behind_it_climbs_over_it() {
        for path in [
            "/rabbit/api/queues/%2F/orders",
            "/rabbit/a//b",
            "/rabbit/a;v=1/b",
            "/rabbit/a/..;/b",
            "/rabbit/%25%32%46",
            "/rabbit/a%5cb",
        ] {
            assert!(has_same_prefix(path, 7), "{path}");
        }
        for path in [
            "/rabbit/../x",
            "/rabbit/..;/x",
            "/rabbit/a/../../x",
            "/rabbit/a/..%2f..%2fx",
            "/rabbit/%252e%252e/x",
            "/rabbit/..%5cx",
            "/rabbit/a/..;/..;/x",
            "/r;bbit/x%2F",
            "/rabbitx%2F",
            "/rabbit/%00",
        ] {
            assert!(!has_same_prefix(path, 7), "{path}");
        }
    }

    #[test]
    fn an_escaped_nul_is_refused() {
        assert_eq!(others("/admin%00.html"), Err(HoldsNul));
        assert_eq!(
            others("/admin%2500.html"),
            Err(HoldsNul),
            "nor does one escaped twice"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_reading_stays_below_the_root(path in "/(/|\\.|%2e|%2F|%5c|%25|%c0%af|;|\\\\|%|a|2|e|F|é){0,24}") {
            for other in others(&path).unwrap_or_default() {
                prop_assert!(other.starts_with('/'));
                prop_assert!(!other.contains("//"));
                prop_assert!(other.split('/').all(|segment| segment != "." && segment != ".."));
            }
        }

        #[test]
        fn a_path_that_is_not_odd_has_no_other_reading(path in "/(/|\\.|a|b|é|~|:|@){0,24}") {
            prop_assert!(!is_odd(&path));
            prop_assert!(others(&path).unwrap().is_empty());
            prop_assert_eq!(normal_form(&path).into_owned(), tidy(path.as_bytes()));
        }
    }
}
