//! Which media types are worth compressing. Streams are none, whatever the policy lists.

use std::fmt;

use crate::http::media::essence;
use crate::policy::compression::{MediaRange, is_stream};

/// A set of media types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Types(Vec<Range>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    /// `text/`, or the whole type where `suffix` is none.
    start: Box<[u8]>,
    /// `+json`; empty for a whole family.
    suffix: Option<Box<[u8]>>,
}

impl Types {
    /// Compiles a policy's list.
    pub fn new(ranges: &[MediaRange]) -> Self {
        let compile = |range: &MediaRange| match range.0.split_once('*') {
            Some((start, suffix)) => Range {
                start: start.as_bytes().into(),
                suffix: Some(suffix.as_bytes().into()),
            },
            None => Range {
                start: range.0.as_bytes().into(),
                suffix: None,
            },
        };
        Self(ranges.iter().map(compile).collect())
    }

    /// Whether the value of a `Content-Type` is among them.
    pub fn contain(&self, content_type: &[u8]) -> bool {
        let kind = essence(content_type);
        self.0.iter().any(|range| range.contains(kind)) && !is_stream(kind)
    }
}

impl Range {
    fn contains(&self, kind: &[u8]) -> bool {
        let Some(suffix) = &self.suffix else {
            return kind.eq_ignore_ascii_case(&self.start);
        };
        kind.split_at_checked(self.start.len())
            .is_some_and(|(start, rest)| {
                start.eq_ignore_ascii_case(&self.start)
                    && rest
                        .len()
                        .checked_sub(suffix.len())
                        .and_then(|at| rest.get(at..))
                        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            })
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            let (start, star) = (String::from_utf8_lossy(&range.start), range.suffix.as_ref());
            let end = star.map(|suffix| format!("*{}", String::from_utf8_lossy(suffix)));
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{start}{}", end.unwrap_or_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::defaults::COMPRESSION_TYPES;

    fn usual() -> Types {
        Types::new(&COMPRESSION_TYPES.map(|range| MediaRange(range.to_owned())))
    }

    #[test]
    fn text_json_xml_scripts_and_drawings_are_worth_it() {
        for kind in [
            "text/html",
            "Text/CSS; charset=utf-8",
            "application/json",
            "application/json;charset=utf-8",
            "APPLICATION/PROBLEM+JSON",
            "application/vnd.api+json",
            "application/javascript",
            "application/xml+rss",
            "application/rss+xml",
            "application/manifest+json",
            "image/svg+xml",
            "text/plain; version=0.0.4",
        ] {
            assert!(usual().contain(kind.as_bytes()), "{kind}");
        }
    }

    #[test]
    fn pictures_archives_and_streams_are_not() {
        for kind in [
            "",
            "image/png",
            "image/svg",
            "application/zip",
            "application/octet-stream",
            "application/jsonx",
            "text",
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "application/grpc+json",
            "application/grpc-web+json",
            "video/mp4",
        ] {
            assert!(!usual().contain(kind.as_bytes()), "{kind}");
        }
    }
}
