//! Path patterns as the operator writes them: `/a/b`, `/x/*`, `/api/{id}/x`, `/a/{id}/*`.
//! They match whole segments only: no regular expressions, so that which of two wins can be read off the file.

use std::fmt;

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
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!(
                "the path `{text}` does not start with a slash; write `/{text}`"
            ));
        };
        if let Some(sign) = text
            .chars()
            .find(|sign| matches!(sign, '?' | '#') || sign.is_control())
        {
            let sign = sign.escape_default();
            return Err(format!(
                "the path `{text}` holds `{sign}`, which no path does; leave it and what follows out"
            ));
        }
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
                None => {
                    return Err(format!(
                        "the star in `{text}` is no whole segment; write `{prefix}/*`",
                        prefix = text.trim_end_matches('*')
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
                Segment::parse(segment, may_be_empty).map_err(|fault| format!("the path `{text}` {fault}"))
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
    fn parse(segment: &str, may_be_empty: bool) -> Result<Self, String> {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let named = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return if named {
                Ok(Self::Any)
            } else {
                Err(format!(
                    "has `{segment}`; name it with letters, digits and `_`, as in `{{id}}`"
                ))
            };
        }
        match segment {
            "" if !may_be_empty => Err("has an empty segment; write single slashes".to_owned()),
            "." | ".." => Err(format!(
                "has the segment `{segment}`, which is resolved before matching; write the path it leads to"
            )),
            _ if segment.contains(['{', '}']) => Err(format!(
                "has braces in a part of `{segment}`; `{{name}}` stands for a whole segment"
            )),
            _ if segment.contains('*') => Err(format!(
                "has a star in `{segment}`; a star is for the end: `/a/*`; one segment is `{{name}}`"
            )),
            _ if has_escape(segment) => Err(format!(
                "has an escape in `{segment}`; paths are decoded before matching, so write the character itself"
            )),
            _ => Ok(Self::Literal(segment.into())),
        }
    }
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
            ("a/b", "write `/a/b`"),
            ("", "write `/`"),
            ("*", "write `/*`"),
            ("/a*", "write `/a/*`"),
            ("/a/**", "write `/a/"),
            ("/a/*/b", "the end: `/a/*`"),
            ("/*.js", "the end: `/a/*`"),
            ("/a//b", "single slashes"),
            ("//*", "single slashes"),
            ("/a/../b", "the path it leads to"),
            ("/a/{}/b", "as in `{id}`"),
            ("/a/{i d}", "as in `{id}`"),
            ("/a/x{id}", "a whole segment"),
            ("/a/{id", "a whole segment"),
            ("/a%20b", "the character itself"),
            ("/a?b=c", "leave it"),
            ("/a\n", "leave it"),
        ] {
            let message = PathPattern::parse(text).unwrap_err();
            assert!(message.contains(remedy), "{text}: {message}");
        }
    }
}
