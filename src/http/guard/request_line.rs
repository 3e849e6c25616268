//! The first line of a request (RFC 9112 §3): a method, a target in the form that goes with it, and a version.

use http::Uri;

use super::Limits;
use super::fault::Fault;
use super::octets::{path, query, token};

/// The longest method. The longest registered one has 17 letters.
const LONGEST_METHOD: usize = 32;
/// What a line holds beside its target: the method, two spaces, the version.
const BESIDE_TARGET: usize = LONGEST_METHOD + 2 + "HTTP/1.1".len();
/// The longest target that the type for it holds.
const LONGEST_TARGET: usize = u16::MAX as usize - 1;
/// What an absolute target holds beside its path: `https://`, the longest name, a port.
const LONGEST_ORIGIN: usize = 8 + 255 + 6;

/// What the version says of the framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0, without transfer codings.
    Zero,
    /// HTTP/1.1.
    One,
}

/// The parts of a sound line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// As received.
    pub method: &'a [u8],
    /// As received.
    pub target: &'a [u8],
    /// HTTP/1.0 or 1.1.
    pub version: Version,
}

impl Limits {
    /// The longest first line, whatever its parts.
    pub(super) fn request_line(&self) -> usize {
        self.target.min(LONGEST_TARGET) + LONGEST_ORIGIN + BESIDE_TARGET
    }
}

/// The version of the first line, if that is complete and plain, and what follows it; what is not is left to a
/// closer look.
#[inline]
pub(super) fn plain<'a>(bytes: &'a [u8], limits: &Limits) -> Option<(Version, &'a [u8])> {
    let method = token(bytes);
    let [b' ', target @ ..] = bytes.get(method..)? else {
        return None;
    };
    let mut length = path(target);
    if let [b'?', rest @ ..] = target.get(length..)? {
        length += 1 + query(rest);
    }
    let (line_end, rest) = target.get(length..)?.split_first_chunk::<11>()?;
    let version = match line_end {
        b" HTTP/1.1\r\n" => Version::One,
        b" HTTP/1.0\r\n" => Version::Zero,
        _ => return None,
    };
    // The shorter of the limits, whatever the length of the method.
    let is_plain = target.starts_with(b"/")
        && (1..=LONGEST_METHOD).contains(&method)
        && length <= limits.target.min(LONGEST_TARGET);
    is_plain.then_some((version, rest))
}

/// Reads a line without its CRLF.
pub fn read<'a>(line: &'a [u8], limits: &Limits) -> Result<RequestLine<'a>, Fault> {
    let (method, rest) = line.split_at_checked(token(line)).ok_or(Fault::RequestLine)?;
    let [b' ', rest @ ..] = rest else {
        return Err(Fault::RequestLine);
    };
    if method.is_empty() || method.len() > LONGEST_METHOD {
        return Err(Fault::RequestLine);
    }
    let (target, version) = match rest.split_last_chunk::<9>() {
        Some((target, b" HTTP/1.1")) => (target, Version::One),
        Some((target, b" HTTP/1.0")) => (target, Version::Zero),
        _ => return Err(other_version(rest)),
    };
    check(method, target, limits)?;
    Ok(RequestLine {
        method,
        target,
        version,
    })
}

/// `HTTP/` and two digits are a version that is not spoken; anything else is no version.
fn other_version(rest: &[u8]) -> Fault {
    match rest.split_last_chunk::<9>() {
        Some((target, [b' ', b'H', b'T', b'T', b'P', b'/', major, b'.', minor]))
            if major.is_ascii_digit() && minor.is_ascii_digit() && !target.contains(&b' ') =>
        {
            Fault::Version
        }
        _ => Fault::RequestLine,
    }
}

/// Whether a target has a form its method allows (RFC 9112 §3.2), and no byte that must be escaped.
fn check(method: &[u8], target: &[u8], limits: &Limits) -> Result<(), Fault> {
    match target {
        // Measured where it is read, as long as the line is not too long for that.
        _ if target.len() > LONGEST_TARGET => Err(Fault::TargetTooLong(limits.target)),
        [b'/', ..] if is_path_and_query(target) => Ok(()),
        b"*" if method == b"OPTIONS" => Ok(()),
        [] => Err(Fault::RequestLine),
        _ if target.contains(&b' ') => Err(Fault::RequestLine),
        // Refused for its method, whatever it asks for.
        _ if method == b"CONNECT" => match Uri::try_from(target) {
            Ok(_) if query(target) == target.len() => Ok(()),
            _ => Err(Fault::Target),
        },
        _ => absolute(target),
    }
}

fn is_path_and_query(target: &[u8]) -> bool {
    match target.get(path(target)..) {
        Some([b'?', rest @ ..]) => query(rest) == rest.len(),
        rest => rest.is_none_or(<[u8]>::is_empty),
    }
}

/// A target with scheme and host, as a proxy is asked (RFC 9112 §3.2.2).
fn absolute(target: &[u8]) -> Result<(), Fault> {
    let uri = Uri::try_from(target).map_err(|_| Fault::Target)?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    if web && uri.authority().is_some() && is_path_and_query(target) {
        Ok(())
    } else {
        Err(Fault::Target)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        head: 8192,
        target: 100,
        fields: 10,
    };

    fn fault(line: &str) -> Fault {
        read(line.as_bytes(), &LIMITS).unwrap_err()
    }

    #[test]
    fn reads_a_method_a_target_and_a_version() {
        for line in [
            "GET / HTTP/1.1",
            "GET /a%20b;c?d=[e]&f={g|h}\\^` HTTP/1.1",
            "OPTIONS /\"{}|^\\ HTTP/1.1",
            "x!#$%&'*+-.^_`|~9 //a/../b HTTP/1.1",
            "GET http://a.test:80/x?y HTTP/1.1",
            "GET HTTPS://a.test HTTP/1.1",
        ] {
            let read = read(line.as_bytes(), &LIMITS).unwrap();
            assert_eq!(read.version, Version::One, "{line}");
            assert!(Uri::try_from(read.target).is_ok(), "{line}");
        }
        assert_eq!(read(b"GET / HTTP/1.0", &LIMITS).unwrap().version, Version::Zero);
    }

    #[test]
    fn refuses_what_has_other_parts_or_spaces() {
        for line in [
            "",
            "GET",
            "GET /",
            "GET /HTTP/1.1",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET\t/ HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /a b HTTP/1.1",
            "G(T / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1",
            "GET / HTTP/01.1",
            "GET / HTTP/1.1x",
            "METHODMETHODMETHODMETHODMETHODMETHOD / HTTP/1.1",
        ] {
            assert_eq!(fault(line), Fault::RequestLine, "{line}");
        }
    }

    #[test]
    fn knows_a_version_that_is_not_spoken() {
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9.9"] {
            assert_eq!(fault(&format!("GET / {version}")), Fault::Version);
        }
    }

    #[test]
    fn refuses_targets_of_another_form_or_with_bytes_to_escape() {
        for target in [
            "*",
            "a.test",
            "a.test:80",
            "ftp://a.test/",
            "http:/a",
            "http://",
            "http:///a",
            "/#fragment",
            "/a?b#c",
            "/\u{e9}",
            "/a?\u{e9}",
            "/<",
            "/`",
            "/a?\"",
            "http://a.test/#f",
            "http://a.test/\u{e9}",
        ] {
            assert_eq!(
                fault(&format!("GET {target} HTTP/1.1")),
                Fault::Target,
                "{target}"
            );
        }
    }

    #[test]
    fn leaves_the_length_of_a_target_to_whoever_reads_it() {
        let line = |length: usize| format!("GET /{} HTTP/1.1", "x".repeat(length - 1));
        assert!(read(line(LONGEST_TARGET).as_bytes(), &LIMITS).is_ok());
        assert_eq!(fault(&line(LONGEST_TARGET + 1)), Fault::TargetTooLong(100));
    }
}
