//! `compression`: which answers are compressed on their way out, and how hard.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::units::{Size, text_type};

/// `compression` in `[defaults]` or a route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compression {
    /// `false` passes bodies on as they are; the remedy for a route that answers secrets together with what
    /// the request said (BREACH). Default true.
    pub enabled: bool,
    /// Codings offered. Default `["gzip"]`; `[]` is none.
    pub algorithms: Vec<Algorithm>,
    /// How hard gzip tries, 1 to 9. Default 6.
    #[serde(deserialize_with = "level")]
    pub level: u8,
    /// Bodies known to be smaller are left alone. Default `"1000B"`.
    pub min_size: Size,
    /// Media types that are compressed: `"text/html"`, `"text/*"`, `"application/*+json"`. Default: text,
    /// JSON, JavaScript, XML, SVG, WebAssembly.
    pub types: Vec<MediaRange>,
}

/// A content coding (RFC 9110 §8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// RFC 1952; every client has it.
    Gzip,
}

/// Media types without their parameters, in lower case: one (`"text/html"`), a whole family (`"text/*"`), or
/// all of a family with a suffix (`"application/*+json"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRange(pub String);

text_type!(MediaRange, "a media type such as \"text/html\"");

impl Default for Compression {
    fn default() -> Self {
        Self {
            enabled: true,
            algorithms: vec![Algorithm::Gzip],
            level: defaults::COMPRESSION_LEVEL,
            min_size: defaults::COMPRESSION_MIN_SIZE,
            types: defaults::COMPRESSION_TYPES
                .map(|range| MediaRange(range.to_owned()))
                .to_vec(),
        }
    }
}

impl TryFrom<&str> for MediaRange {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let range = text.trim().to_ascii_lowercase();
        if range == "*" || range.starts_with("*/") {
            return Err(format!(
                "`{text}` would compress images and archives again: write the types that are text, such as \"text/*\""
            ));
        }
        if range.contains(';') {
            let bare = range.split(';').next().unwrap_or_default().trim();
            return Err(format!("`{text}` has parameters: write \"{bare}\""));
        }
        if is_stream(range.as_bytes()) {
            return Err(format!(
                "`{range}` is a stream and never compressed: write the list without it"
            ));
        }
        let subtype = range.split_once('/').filter(|(kind, _)| is_token(kind));
        let known =
            subtype.is_some_and(|(_, subtype)| is_token(subtype.strip_prefix("*+").unwrap_or(subtype)));
        let stars = range.matches('*').count();
        if !known || stars > 1 || (stars == 1 && !range.ends_with("/*") && !range.contains("/*+")) {
            return Err(format!(
                "`{text}` is not a media type: write \"text/html\", \"text/*\" or \"application/*+json\""
            ));
        }
        Ok(Self(range))
    }
}

impl fmt::Display for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a media type is a stream: events and gRPC frames must arrive as they are sent, and gRPC compresses
/// its messages itself.
pub fn is_stream(kind: &[u8]) -> bool {
    let grpc = kind.split_at_checked(b"application/grpc".len());
    kind.eq_ignore_ascii_case(b"text/event-stream")
        || grpc.is_some_and(|(start, _)| start.eq_ignore_ascii_case(b"application/grpc"))
}

/// RFC 9110 §5.6.2; `*` is one of its characters.
fn is_token(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        level @ 1..=9 => Ok(level),
        level => Err(serde::de::Error::custom(format!(
            "`{level}` is not a level of gzip: write 1 (fast) to 9 (small), 6 for most"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_default_type_is_a_range() {
        for range in defaults::COMPRESSION_TYPES {
            assert_eq!(MediaRange::try_from(range).unwrap().0, range);
        }
    }

    #[test]
    fn what_is_no_range_is_told_how_to_be_one() {
        let refused = |text| MediaRange::try_from(text).unwrap_err();
        assert!(refused("*/*").contains("write the types"));
        assert!(refused("*").contains("write the types"));
        assert!(refused("text/html; charset=utf-8").ends_with("write \"text/html\""));
        assert!(refused("Text/Event-Stream").contains("without it"));
        assert!(refused("application/grpc+proto").contains("without it"));
        for bad in [
            "json",
            "",
            "text/",
            "/html",
            "te xt/html",
            "text/h*",
            "application/*json",
            "text/*+",
        ] {
            assert!(refused(bad).contains("is not a media type"), "{bad}");
        }
    }

    #[test]
    fn the_level_stays_between_its_bounds() {
        let read = |text: &str| toml::from_str::<Compression>(text).map(|table| table.level);
        assert_eq!(read("level = 9").unwrap(), 9);
        assert!(read("level = 0").is_err());
        assert!(read("level = 10").is_err());
    }
}
