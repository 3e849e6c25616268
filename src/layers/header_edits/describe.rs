//! What header edits come to, for whoever asks; never on a request's way.

use std::fmt;

use super::{HeaderEdits, Piece, Value};
use crate::layers::Describe;

impl Describe for HeaderEdits {
    fn describe(&self) -> Vec<String> {
        let removed = self.remove.iter().map(|name| format!("remove {name}"));
        let written = [
            ("set", &self.set),
            ("add", &self.add),
            ("if missing", &self.if_missing),
        ];
        let written = written.into_iter().flat_map(|(how, lines)| {
            lines
                .iter()
                .map(move |(name, value)| format!("{how} {name}: {value}"))
        });
        removed.chain(written).collect()
    }
}

/// As a template.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = match self {
            Self::Fixed(value) => return f.write_str(&String::from_utf8_lossy(value.as_bytes())),
            Self::Filled(pieces) => pieces,
        };
        pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&String::from_utf8_lossy(text.as_bytes())),
            Piece::ClientIp => f.write_str("{client_ip}"),
            Piece::RequestId => f.write_str("{request_id}"),
            Piece::Host => f.write_str("{host}"),
        })
    }
}
