//! `tolerate`, `max_head` and `max_headers` of an upstream: what its answers are held to.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::units::Size;

/// What the servers of an upstream may do against the rules of HTTP, beyond what is put right for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerated {
    /// Lines of a head that end in LF alone.
    BareLf,
    /// `Content-Length` several times, or as a list, always with the same number.
    RepeatedLength,
    /// `Content-Length` beside chunks, which count.
    LengthWithChunks,
    /// `Transfer-Encoding: identity`, which means nothing.
    IdentityCoding,
    /// Chunks in an answer of HTTP/1.0.
    #[serde(rename = "chunks_in_http_1_0")]
    ChunksInHttp10,
    /// Lines that are no fields; they are left out.
    BadField,
}

impl fmt::Display for Tolerated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareLf => "bare_lf",
            Self::RepeatedLength => "repeated_length",
            Self::LengthWithChunks => "length_with_chunks",
            Self::IdentityCoding => "identity_coding",
            Self::ChunksInHttp10 => "chunks_in_http_1_0",
            Self::BadField => "bad_field",
        })
    }
}

pub(super) fn max_head() -> Size {
    defaults::ANSWER_MAX_HEAD
}

pub(super) fn max_headers() -> u16 {
    defaults::ANSWER_MAX_HEADERS
}

pub(super) fn some_headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom(
            "`0` headers would refuse every answer: write at least 1",
        )),
        count => Ok(count),
    }
}
