//! Paths with escaped separators (`%2F`, `%5C`): they can be rewritten where those stand behind all that is taken off or put
//! in front, and go on as they came.

use super::{Piece, Rewrite, split_after};
use crate::http::path::has_no_dot_segments;
use crate::http::readings::has_same_prefix;

impl Rewrite {
    /// Whether all that can be read in several ways stands behind what is taken off, and goes on as it came.
    #[cold]
    pub(super) fn keeps_what_is_odd(&self, path: &str) -> bool {
        let taken = match self {
            Self::Prefix { strip, .. } => *strip,
            Self::Template(pieces) => match pieces.split_last() {
                Some((Piece::Rest(after), before)) => {
                    let is_taken = |piece: &Piece| match piece {
                        Piece::Text(_) => true,
                        Piece::Segment(at) => at < after,
                        Piece::Rest(_) => false,
                    };
                    if !before.iter().all(is_taken) {
                        return false;
                    }
                    *after
                }
                _ => return false,
            },
        };
        has_no_dot_segments(path) && (taken == 0 || has_same_prefix(path, split_after(path, taken).0.len()))
    }
}

/// Whether all that can be read in several ways stands behind the first bytes. A path that begins with two slashes could
/// be taken for a host.
#[cold]
pub(super) fn is_behind(made: &str, front: Option<usize>) -> bool {
    match front {
        None => false,
        Some(0) => !matches!(made.as_bytes().get(1), Some(b'/' | b'\\')),
        Some(front) => has_same_prefix(made, front),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn applied(rewrite: &Rewrite, target: &str) -> Option<String> {
        let rewritten = rewrite.apply(&target.parse().unwrap())?;
        Some(rewritten.target.to_string())
    }

    fn prefix(add: &str) -> Rewrite {
        Rewrite::Prefix {
            strip: 1,
            add: add.into(),
        }
    }

    #[test]
    fn what_stands_behind_a_plain_prefix_goes_on_as_it_came() {
        let text = |text: &str| Piece::Text(text.into());
        let rest = Rewrite::Template(vec![text("/v2/"), Piece::Rest(1)]);
        let twice = Rewrite::Template(vec![Piece::Segment(1), text("/"), Piece::Rest(1)]);
        for (odd, made) in [
            ("/api/queues/%2F/orders", "/queues/%2F/orders"),
            ("/api/a;v=1/%5c", "/a;v=1/%5c"),
        ] {
            assert_eq!(applied(&prefix(""), odd).unwrap(), made);
            assert_eq!(applied(&prefix("/v1"), odd).unwrap(), format!("/v1{made}"));
            assert_eq!(applied(&rest, odd).unwrap(), format!("/v2{made}"));
            assert_eq!(applied(&twice, odd), None, "{odd}");
        }
    }
}
