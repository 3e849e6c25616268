//! `strip_prefix`, `add_prefix` and `rewrite`: the path the upstream is asked for, made of the path as received;
//! nothing is decoded or encoded on the way, and the query is not touched. Where the path as received and its
//! normal form, by which it was routed, have different segments, there is no right answer and it gives none.

use std::fmt;

use bytes::{BufMut, BytesMut};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};

use crate::http::path::has_plain_segments;
use crate::layers::Describe;

mod odd;

use odd::is_behind;

/// What was stripped, for an application that writes links: `X-Forwarded-Prefix`.
pub const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// How a route changes the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// Other segments in front.
    Prefix {
        /// How many leading segments go.
        strip: usize,
        /// What comes in their place: no slash at its end.
        add: Box<str>,
    },
    /// A new path of these.
    Template(Vec<Piece>),
}

/// A piece of a new path or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As written in the policy.
    Text(Box<str>),
    /// The segment of this number, counted from 0.
    Segment(usize),
    /// What follows so many segments, without its leading slash.
    Rest(usize),
}

/// A path made anew.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// What the upstream is asked for.
    pub target: PathAndQuery,
    /// What was stripped.
    pub prefix: Option<HeaderValue>,
}

impl Rewrite {
    /// The new target; none where the path as received is ambiguous, or would become so.
    pub fn apply(&self, received: &PathAndQuery) -> Option<Rewritten> {
        let path = received.path();
        if !has_plain_segments(path) && !self.keeps_what_is_odd(path) {
            return None;
        }
        let mut out = BytesMut::with_capacity(received.as_str().len() + 64);
        let (mut prefix, mut front) = (None, None);
        match self {
            Self::Prefix { strip, add } => {
                let (gone, kept) = split_after(path, *strip);
                out.put(add.as_bytes());
                front = Some(add.len());
                out.put(
                    if kept.is_empty() && add.is_empty() {
                        "/"
                    } else {
                        kept
                    }
                    .as_bytes(),
                );
                prefix = Some(gone).filter(|gone| !gone.is_empty());
            }
            Self::Template(pieces) => {
                for piece in pieces {
                    // Where the slash before the rest stands.
                    front = matches!(piece, Piece::Rest(_)).then_some(out.len().saturating_sub(1));
                    out.put(piece.of(path).as_bytes());
                }
            }
        }
        // Pieces that are plain each may make an escape together: `%2` and `e`.
        if !std::str::from_utf8(&out).is_ok_and(|made| has_plain_segments(made) || is_behind(made, front)) {
            return None;
        }
        if let Some(query) = received.query() {
            out.put_u8(b'?');
            out.put(query.as_bytes());
        }
        Some(Rewritten {
            target: PathAndQuery::from_maybe_shared(out.freeze()).ok()?,
            prefix: prefix.and_then(|prefix| HeaderValue::from_bytes(prefix.as_bytes()).ok()),
        })
    }
}

impl Piece {
    /// What stands in its place for this path.
    pub fn of<'a>(&'a self, path: &'a str) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Segment(at) => path.split('/').nth(at + 1).unwrap_or_default(),
            Self::Rest(after) => {
                let (_, rest) = split_after(path, *after);
                rest.strip_prefix('/').unwrap_or(rest)
            }
        }
    }
}

/// The prefix of so many segments, and the rest with its slash.
fn split_after(path: &str, segments: usize) -> (&str, &str) {
    let end = path.match_indices('/').nth(segments).map(|(at, _)| at);
    path.split_at(end.unwrap_or(path.len()))
}

/// The prefix that a proxy of ours stripped before, and what was stripped here: an application reads one value.
pub fn joined_prefix(outer: Option<&HeaderValue>, stripped: HeaderValue) -> HeaderValue {
    let outer = outer
        .and_then(|outer| outer.to_str().ok())
        .map(|outer| outer.trim_end_matches('/'));
    match outer {
        Some(outer) if outer.starts_with('/') && !outer.contains(',') => {
            let joined = [outer.as_bytes(), stripped.as_bytes()].concat();
            HeaderValue::from_bytes(&joined).unwrap_or(stripped)
        }
        _ => stripped,
    }
}

impl Describe for Rewrite {
    fn describe(&self) -> Vec<String> {
        match self {
            Self::Prefix { strip, add } => {
                let mut phrases = Vec::new();
                if *strip > 0 {
                    phrases.push(format!("the first {strip} segments of the path go"));
                }
                if !add.is_empty() {
                    phrases.push(format!("{add} comes before the path"));
                }
                phrases
            }
            Self::Template(pieces) => {
                let path: String = pieces.iter().map(ToString::to_string).collect();
                vec![format!("the path becomes {path}")]
            }
        }
    }
}

/// As a template, with segments by their numbers.
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Segment(at) => write!(f, "{{segment {}}}", at + 1),
            Self::Rest(_) => f.write_str("{rest}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::path::normal_form;

    fn prefix(strip: usize, add: &str) -> Rewrite {
        Rewrite::Prefix {
            strip,
            add: add.into(),
        }
    }

    fn applied(rewrite: &Rewrite, target: &str) -> Option<String> {
        let rewritten = rewrite.apply(&target.parse().unwrap())?;
        let prefix = rewritten.prefix.map(|prefix| prefix.to_str().unwrap().to_owned());
        Some(format!("{} {}", rewritten.target, prefix.unwrap_or_default()))
    }

    #[test]
    fn a_prefix_goes_and_another_comes_and_the_rest_stays_as_it_is() {
        for (strip, add, target, made) in [
            (1, "", "/api/x/y?a=%2F&b", "/x/y?a=%2F&b /api"),
            (1, "", "/api", "/ /api"),
            (1, "", "/api/", "/ /api"),
            (1, "", "/api?q", "/?q /api"),
            (1, "", "/api/x?", "/x? /api"),
            (1, "/v1", "/api/x/", "/v1/x/ /api"),
            (1, "/v1", "/api", "/v1 /api"),
            (2, "", "/t/acme%20co/a%2Bb", "/a%2Bb /t/acme%20co"),
            (0, "/v1", "/x", "/v1/x "),
            (0, "/v1", "/", "/v1/ "),
            (1, "", "/%61pi/x", "/x /%61pi"),
        ] {
            assert_eq!(
                applied(&prefix(strip, add), target).as_deref(),
                Some(made),
                "{target}"
            );
        }
    }

    #[test]
    fn a_template_takes_raw_segments() {
        let text = |text: &str| Piece::Text(text.into());
        let items = Rewrite::Template(vec![text("/items/"), Piece::Segment(1), text(".json")]);
        assert_eq!(applied(&items, "/i/a%20b?x").unwrap(), "/items/a%20b.json?x ");
        let rest = Rewrite::Template(vec![text("/f/"), Piece::Rest(1)]);
        assert_eq!(applied(&rest, "/x/a/b").unwrap(), "/f/a/b ");
        assert_eq!(applied(&rest, "/x").unwrap(), "/f/ ");
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_not_rewritten() {
        for target in [
            "//api/x",
            "/api/../admin",
            "/api/%2e%2e/admin",
            "/api%2Fx",
            "/api//x",
            "/api/..;/x",
        ] {
            assert_eq!(applied(&prefix(1, ""), target), None, "{target}");
            // Behind a prefix that is put in front, `%2F` goes on as it came.
            let behind = (target == "/api%2Fx").then(|| "/v1/api%2Fx ".to_owned());
            assert_eq!(applied(&prefix(0, "/v1"), target), behind, "{target}");
        }
    }

    #[test]
    fn pieces_do_not_make_an_escape_together() {
        let glued = Rewrite::Template(vec![
            Piece::Text("/a/".into()),
            Piece::Segment(0),
            Piece::Segment(1),
        ]);
        assert_eq!(applied(&glued, "/%2e%2/e"), None);
        assert_eq!(applied(&glued, "/x/y").unwrap(), "/a/xy ");
    }

    #[test]
    fn what_a_proxy_of_ours_stripped_comes_first() {
        let value = |text: &'static str| HeaderValue::from_static(text);
        assert_eq!(joined_prefix(None, value("/api")), "/api");
        assert_eq!(
            joined_prefix(Some(&value("/outer/")), value("/api")),
            "/outer/api"
        );
        assert_eq!(joined_prefix(Some(&value("https://x")), value("/api")), "/api");
        assert_eq!(joined_prefix(Some(&value("/a, /b")), value("/api")), "/api");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_path_leaves_the_added_prefix(path in "/(/|\\.|%2e|%2F|%5c|%25|;|%|a|2|e|F){0,24}") {
            let target: PathAndQuery = path.parse().unwrap();
            if let Some(made) = prefix(1, "/safe").apply(&target) {
                let form = normal_form(made.target.path()).into_owned();
                prop_assert!(form == "/safe" || form.starts_with("/safe/"), "{form}");
            }
        }
    }
}
