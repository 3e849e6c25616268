//! What is known of a request that is refused before it is read: its first line, if that was sound. The log
//! names it by that, and the answer is in the version and of the kind that the client expects.

use http::{Method, Uri};

use super::request_line::{self, Version};
use super::{Limits, line};

/// The first line of a refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// As received; `-` if it could not be read.
    pub method: Method,
    /// As received; `*` if it could not be read.
    pub target: Uri,
    /// HTTP/1.1 if it could not be read.
    pub version: Version,
}

/// Reads what came of a head.
pub fn read(head: &[u8], limits: &Limits) -> Seen {
    first_line(head, limits).unwrap_or_else(|| Seen {
        method: Method::from_bytes(b"-").unwrap_or_default(),
        target: Uri::from_static("*"),
        version: Version::One,
    })
}

fn first_line(mut head: &[u8], limits: &Limits) -> Option<Seen> {
    while let [b'\r', b'\n', rest @ ..] = head {
        head = rest;
    }
    let length = line::end(head, &mut 0).ok().flatten()?;
    let read = request_line::read(head.get(..length)?, limits).ok()?;
    Some(Seen {
        method: Method::from_bytes(read.method).ok()?,
        target: Uri::try_from(read.target).ok()?,
        version: read.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        head: 8192,
        target: 100,
        fields: 10,
    };

    #[test]
    fn a_sound_first_line_is_known_whatever_follows() {
        let seen = read(b"\r\nPUT /a?b HTTP/1.0\r\nHost", &LIMITS);
        assert_eq!((seen.method.as_str(), seen.target.path()), ("PUT", "/a"));
        assert_eq!(seen.version, Version::Zero);
    }

    #[test]
    fn what_could_not_be_read_has_no_method() {
        for head in ["", "GET / HT", "GET / HTTP/1.1\n", "\x16\x03\x01"] {
            assert_eq!(read(head.as_bytes(), &LIMITS).method.as_str(), "-", "{head:?}");
        }
    }
}
