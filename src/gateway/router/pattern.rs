//! Path patterns as the operator writes them: `/a/b`, `/x/*`, `/api/{id}/x`, `/a/{id}/*`.
//! They match whole segments only: no regular expressions, so that which of two wins can be read off the file.

use std::fmt;

mod meant;

use meant::{is_regex, with_names, with_single_slashes, without_regex};

/// A compiled path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    pub(super) segments: Vec<Segment>,
    /// Ends in `/*`: any further segments, or none.
    pub(super) open: bool,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// This text.
    Literal(Box<str>),
    /// `{name}`: any one segment that is not empty.
    Any,
}

impl PathPattern {
    /// Reads a pattern; the message says how to write it right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = plain_path(text)?;
        let (path, open) = match path.strip_suffix('*') {
            Some("") => {
                return Ok(Self {
                    text: text.to_owned(),
                    segments: Vec::new(),
                    open: true,
                });
            }
            Some(prefix) => match prefix.strip_suffix('/') {
                Some(prefix) => (prefix, true),
                None if text.ends_with("**") => {
                    return Err(format!(
                        "`{text}` ends in two stars, and one takes all that is below: write \"{prefix}/*\"",
                        prefix = text.trim_end_matches(['*', '/'])
                    ));
                }
                None => {
                    return Err(format!(
                        "the star in `{text}` is no whole segment: write \"{prefix}/*\"",
                        prefix = text.trim_end_matches(['*', '/'])
                    ));
                }
            },
            None => (path, false),
        };
        let last = path.split('/').count() - 1;
        let segments = path
            .split('/')
            .enumerate()
            .map(|(at, segment)| {
                let may_be_empty = at == last && !open;
                Segment::parse(segment, may_be_empty, text)
                    .map_err(|fault| format!("the path `{text}` {fault}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            segments,
            open,
        })
    }

    /// The segments as written, without the star.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1).take(self.segments.len())
    }

    /// The segments that have a name, by their number from 0.
    pub fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        let named = |(at, part): (usize, _)| {
            let name = str::strip_prefix(part, "{")?.strip_suffix('}')?;
            Some((at, name))
        };
        self.parts().enumerate().filter_map(named)
    }

    /// How many segments it names, without the star.
    #[expect(clippy::len_without_is_empty, reason = "`/*` is no empty pattern")]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether it ends in `/*`.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    /// Refuses what the normal form of a path never holds: such a pattern would match nothing.
    fn parse(segment: &str, may_be_empty: bool, whole: &str) -> Result<Self, String> {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let named = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return if named {
                Ok(Self::Any)
            } else {
                Err(format!(
                    "has `{segment}`: use letters, digits and `_` for the name, \"/items/{{id}}\""
                ))
            };
        }
        match segment {
            "" if !may_be_empty => Err(format!(
                "has an empty segment: write \"{}\"",
                with_single_slashes(whole)
            )),
            "." | ".." => Err(format!(
                "has the segment `{segment}`, which is resolved before matching: write the path it leads to"
            )),
            "*" | "**" => Err(format!(
                "has a star in the middle, and it stands at the end: write \"{}\"",
                with_names(whole)
            )),
            _ if segment.starts_with(':') && !segment.contains(['{', '*']) => Err(format!(
                "has `{segment}`, and one segment is written in braces: write \"{}\"",
                with_names(whole)
            )),
            _ if segment.contains(['{', '}']) => Err(format!(
                "has braces in a part of `{segment}`: use `{{name}}` for a whole segment, \"/items/{{id}}\""
            )),
            _ if segment.contains('*') => Err(format!(
                "has a star in `{segment}`, and it stands for whole segments at the end: write {FORM}"
            )),
            _ if has_escape(segment) => Err(format!(
                "has an escape in `{segment}`, and paths are decoded before matching: write the character itself"
            )),
            _ => Ok(Self::Literal(segment.into())),
        }
    }
}

/// What an accepted path looks like.
pub const FORM: &str = "\"/exact\", \"/prefix/*\" or \"/items/{id}\"";

/// What follows the first slash of a path that holds nothing but what paths do.
fn plain_path(text: &str) -> Result<&str, String> {
    if is_regex(text) {
        return Err(match without_regex(text) {
            Some(path) => {
                format!("`{text}` is a regular expression, and paths are plain: write \"{path}\"")
            }
            None => format!("`{text}` is a regular expression, and paths are plain: write {FORM}"),
        });
    }
    let Some(path) = text.strip_prefix('/') else {
        let path = text
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        let path = path.map_or_else(|| format!("/{text}"), str::to_owned);
        return Err(format!(
            "the path `{text}` does not start with a slash: write \"{path}\""
        ));
    };
    if let Some((at, sign)) = text
        .char_indices()
        .find(|(_, sign)| matches!(sign, '?' | '#') || sign.is_control())
    {
        let sign = sign.escape_default();
        let before = text.get(..at).unwrap_or_default();
        return Err(format!(
            "the path `{text}` holds `{sign}`, which no path does: write \"{before}\""
        ));
    }
    Ok(path)
}

fn has_escape(segment: &str) -> bool {
    segment.as_bytes().windows(3).any(
        |three| matches!(three, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_four_kinds() {
        for (text, segments, open) in [
            ("/", 1, false),
            ("/*", 0, true),
            ("/a/b", 2, false),
            ("/a/b/", 3, false),
            ("/x/*", 1, true),
            ("/api/{id}/x", 3, false),
            ("/a/{user_id}/*", 2, true),
            ("/.well-known/é b;v=1", 2, false),
            ("/100%", 1, false),
        ] {
            let pattern = PathPattern::parse(text).unwrap();
            assert_eq!((pattern.segments.len(), pattern.open), (segments, open), "{text}");
            assert_eq!(pattern.to_string(), text);
        }
    }

    #[test]
    fn tells_its_names_and_their_places() {
        let names = |text: &str| {
            format!(
                "{:?}",
                PathPattern::parse(text).unwrap().names().collect::<Vec<_>>()
            )
        };
        assert_eq!(names("/a/{id}/{x}/*"), r#"[(1, "id"), (2, "x")]"#);
        assert_eq!(names("/*"), "[]");
        let parts = |text: &str| {
            PathPattern::parse(text)
                .unwrap()
                .parts()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(parts("/a/{id}/*"), ["a", "{id}"]);
        assert_eq!((parts("/*").len(), parts("/")), (0, vec![String::new()]));
    }

    #[test]
    fn says_how_to_write_it_right() {
        for (text, remedy) in [
            ("a/b", "write \"/a/b\""),
            ("", "write \"/\""),
            ("*", "write \"/*\""),
            ("https://a.test/x", "write \"/x\""),
            ("/a*", "write \"/a/*\""),
            ("/**", "write \"/*\""),
            ("/a/**", "write \"/a/*\""),
            ("/a/*/b", "write \"/a/{id}/b\""),
            ("/a/*/b/*/*", "write \"/a/{id}/b/{id2}/*\""),
            ("/a/:user/b", "write \"/a/{user}/b\""),
            ("/*.js", "\"/prefix/*\""),
            ("/a//b", "write \"/a/b\""),
            ("//*", "write \"/*\""),
            ("/a/../b", "the path it leads to"),
            ("/a/{}/b", "\"/items/{id}\""),
            ("/a/{i d}", "\"/items/{id}\""),
            ("/a/x{id}", "a whole segment"),
            ("/a/{id", "a whole segment"),
            ("/a%20b", "the character itself"),
            ("/a?b=c", "write \"/a\""),
            ("/a\n", "write \"/a\""),
            ("^/api/.*$", "write \"/api/*\""),
            ("^/api/(.*)$", "write \"/api/*\""),
            ("^/api$", "write \"/api\""),
            ("~ ^/api", "write \"/api/*\""),
            ("~* \\.(js|css)$", "\"/prefix/*\""),
            ("/(a|b)/c", "\"/prefix/*\""),
        ] {
            let message = PathPattern::parse(text).unwrap_err();
            assert!(message.contains(remedy), "{text}: {message}");
        }
    }
}
