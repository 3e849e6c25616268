//! The authority of a request: read, checked and compared (RFC 9112 §3.2, RFC 3986 §3.2).
//! Stricter than the grammar on purpose: what no DNS name or address literal can hold (user names, percent
//! escapes, spaces, separators) only ever comes from someone probing caches, links or virtual hosts.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

use http::{HeaderMap, Uri, Version, header};

/// A host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority<'a> {
    /// In lower case, without a final dot; an IPv6 literal in its brackets and shortest form.
    pub host: Cow<'a, str>,
    /// As written after the colon; none if nothing was.
    pub port: Option<u16>,
}

/// Why a request's authority is refused: always 400 (RFC 9112 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// HTTP/1.1 without `Host`.
    #[error("the request has no `host` header; HTTP/1.1 asks for exactly one")]
    Missing,
    /// Two machines that pick different ones would see two requests in one.
    #[error("the request has several `host` headers; send exactly one")]
    Several,
    /// Not a host with an optional port.
    #[error("`host` is not a host name or address with an optional port; send `name` or `name:port`")]
    Malformed,
    /// The target names one host, the header another.
    #[error("the request target and `host` name different hosts; make them agree")]
    Disagrees,
}

/// Which hosts a route answers for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HostPattern {
    /// This host alone.
    Exact(String),
    /// `*.suffix`: one or more labels before the suffix, never the suffix itself. Holds the suffix.
    Under(String),
}

impl HostFault {
    /// Its word in log and metric.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "host_missing",
            Self::Several => "host_several",
            Self::Malformed => "host_malformed",
            Self::Disagrees => "host_disagrees",
        }
    }
}

impl HostPattern {
    /// Reads `name`, `192.0.2.1`, `[2001:db8::1]` or `*.suffix`; the message says how to write it right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (suffix, under) = match text.strip_prefix("*.") {
            Some(suffix) => (suffix, true),
            None => (text, false),
        };
        if suffix.contains('*') {
            return Err(format!(
                "`{text}` has a star in the wrong place: write \"*.example.com\", or leave the host out for any"
            ));
        }
        let authority = parse(suffix.as_bytes()).map_err(|_| {
            let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
            let bare = bare.split(['/', ':']).next().unwrap_or_default();
            format!("`{text}` is not a host name: write \"{bare}\"")
        })?;
        if authority.port.is_some() || suffix.ends_with(':') {
            return Err(format!(
                "`{text}` has a port, which is not matched: write \"{}\"",
                text.rsplit_once(':').map_or(text, |(host, _)| host)
            ));
        }
        if under && authority.host.starts_with('[') {
            return Err(format!(
                "`{text}` puts a star before an address: write \"{suffix}\""
            ));
        }
        let host = authority.host.into_owned();
        Ok(if under {
            Self::Under(host)
        } else {
            Self::Exact(host)
        })
    }

    /// Whether it matches a host as [`Authority`] gives it.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Under(suffix) => host
                .strip_suffix(suffix.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }
}

/// Whether a certificate for `name` is one for `host`: the same, or `*.` for its first label (RFC 9525 §6.3).
pub fn is_within(host: &str, name: &str) -> bool {
    match name.strip_prefix("*.") {
        None => host.eq_ignore_ascii_case(name),
        Some(suffix) => host
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(suffix)),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Under(suffix) => write!(f, "*.{suffix}"),
        }
    }
}

/// The authority a request is for. None only for HTTP/1.0 without `Host`; HTTP/2 has `:authority` in its place,
/// which the target holds (RFC 9113 §8.3.1).
pub fn of_request<'a>(
    version: Version,
    target: &'a Uri,
    headers: &'a HeaderMap,
) -> Result<Option<Authority<'a>>, HostFault> {
    let mut lines = headers.get_all(header::HOST).into_iter();
    let named = lines.next().map(|value| parse(value.as_bytes())).transpose()?;
    if lines.next().is_some() {
        return Err(HostFault::Several);
    }
    let other_place = version == Version::HTTP_2 && target.authority().is_some();
    if named.is_none() && version > Version::HTTP_10 && !other_place {
        return Err(HostFault::Missing);
    }
    let Some(authority) = target.authority() else {
        return Ok(named);
    };
    let wanted = parse(authority.as_str().as_bytes())?;
    // RFC 9112 §3.2.2 lets the target win; an upstream that looks at the header would be asked for another host.
    let default = if target.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let agrees = |other: &Authority<'_>| {
        other.host == wanted.host && other.port.unwrap_or(default) == wanted.port.unwrap_or(default)
    };
    match named {
        Some(named) if !agrees(&named) => Err(HostFault::Disagrees),
        _ => Ok(Some(wanted)),
    }
}

/// Reads `host` or `host:port`.
pub fn parse(value: &[u8]) -> Result<Authority<'_>, HostFault> {
    let text = std::str::from_utf8(value).map_err(|_| HostFault::Malformed)?;
    let (host, rest) = if let Some(inner) = text.strip_prefix('[') {
        let (literal, rest) = inner.split_once(']').ok_or(HostFault::Malformed)?;
        (ipv6(literal)?, rest)
    } else {
        let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        (dns_name(name)?, rest)
    };
    let port = match rest.strip_prefix(':') {
        // `port = *DIGIT` in RFC 3986 §3.2.3: nothing after the colon is the default port.
        Some("") => None,
        Some(digits) => Some(port(digits.as_bytes()).ok_or(HostFault::Malformed)?),
        None if rest.is_empty() => None,
        None => return Err(HostFault::Malformed),
    };
    Ok(Authority { host, port })
}

/// Reads a port: digits only, 1 to 65535.
pub(crate) fn port(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    let number = digits.iter().try_fold(0_u32, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })?;
    u16::try_from(number).ok().filter(|port| *port != 0)
}

/// Brackets and the shortest form, so that two ways to write one address are one host.
fn ipv6(literal: &str) -> Result<Cow<'static, str>, HostFault> {
    let address: Ipv6Addr = literal.parse().map_err(|_| HostFault::Malformed)?;
    Ok(Cow::Owned(format!("[{address}]")))
}

/// Letters, digits, `-`, `_` and dots between labels that are not empty; at most 253 bytes (RFC 1035 §2.3.4).
fn dns_name(name: &str) -> Result<Cow<'_, str>, HostFault> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > 253 {
        return Err(HostFault::Malformed);
    }
    let (mut before, mut upper) = (b'.', false);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'A'..=b'Z' => upper = true,
            b'.' if before != b'.' => {}
            _ => return Err(HostFault::Malformed),
        }
        before = byte;
    }
    if before == b'.' {
        return Err(HostFault::Malformed);
    }
    Ok(if upper {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    })
}

#[cfg(test)]
mod tests;
