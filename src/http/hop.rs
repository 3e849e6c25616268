//! Hop-by-hop headers: what concerns one connection ends with it (RFC 9110 §7.6.1).
//! It does not speak for the next connection: what that one needs is written by whoever opens it.

use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};

use crate::http::upgrade;

/// Headers that authenticate, frame, address or otherwise steer a message, and that a sender never has a reason
/// to take off on the way. Sorted.
const END_TO_END: [&str; 36] = [
    "accept",
    "authorization",
    "baggage",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "idempotency-key",
    "location",
    "origin",
    "range",
    "referer",
    "retry-after",
    "sentry-trace",
    "set-cookie",
    "strict-transport-security",
    "traceparent",
    "tracestate",
    "true-client-ip",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-api-key",
    "x-cluster-client-ip",
    "x-csrf-token",
    "x-real-ip",
    "x-request-id",
];
/// And all whose names begin so.
const END_TO_END_FAMILIES: [&str; 12] = [
    "access-control-",
    "cf-",
    "content-security-",
    "grpc-",
    "if-",
    "sec-",
    "x-auth",
    "x-client-",
    "x-forwarded",
    "x-original-",
    "x-rewrite-",
    "x-user",
];

/// In the order of the bits that [`find`] sets.
static HOP_BY_HOP: [HeaderName; 10] = [
    TE,
    HeaderName::from_static("proxy"),
    UPGRADE,
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
];

/// Set for a header that is not hop-by-hop, and is looked for in the same pass.
const AUTHORIZED: u16 = 1 << 10;

/// Why a request's `Connection` header is refused: always 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionFault {
    /// It names a header the backend relies on, so that a proxy strips it: the attack on which hop-by-hop abuse rests.
    #[error("`connection` names `{0}`, which is meant for the server; leave it out of `connection`")]
    EndToEnd(HeaderName),
    /// It holds what is no header name.
    #[error("`connection` holds something that is no header name; send a list of names")]
    Malformed,
}

/// What of a request's head ends with its connection.
#[derive(Debug, Default)]
pub struct Hop {
    found: u16,
    /// Named in `Connection`.
    named: Vec<HeaderName>,
    /// Whether it asks for another protocol.
    pub upgrade: bool,
    /// Whether it takes trailers: all of `TE` that is used, and to be said anew to the next hop.
    pub trailers: bool,
    /// Whether there is an `Authorization`.
    pub authorized: bool,
}

impl Hop {
    /// Finds hop-by-hop headers, and `Proxy`.
    pub fn of(headers: &HeaderMap) -> Result<Self, ConnectionFault> {
        let found = find(headers);
        let authorized = found & AUTHORIZED != 0;
        let found = found & !AUTHORIZED;
        if found == 0 {
            return Ok(Self {
                authorized,
                ..Self::default()
            });
        }
        Ok(Self {
            authorized,
            ..Self::told(headers, found)?
        })
    }

    #[cold]
    fn told(headers: &HeaderMap, found: u16) -> Result<Self, ConnectionFault> {
        let mut named = Vec::new();
        for name in options(headers) {
            let name = name.map_err(|NotAName| ConnectionFault::Malformed)?;
            if is_end_to_end(name.as_str()) {
                return Err(ConnectionFault::EndToEnd(name));
            }
            named.push(name);
        }
        Ok(Self {
            found,
            named,
            upgrade: upgrade::named(headers).is_some(),
            trailers: headers.get_all(TE).into_iter().any(accepts_trailers),
            authorized: false,
        })
    }

    /// Whether this header goes no further.
    pub fn ends(&self, name: &HeaderName) -> bool {
        self.found != 0 && (is_hop_by_hop(name.as_str()) || self.named.contains(name))
    }
}

/// Takes hop-by-hop headers off a response. An upstream that names headers meant for the client in `Connection`
/// is not obeyed: it would take its own cookies and caching rules off the answer.
pub fn strip_response(headers: &mut HeaderMap) {
    let found = find(headers) & !AUTHORIZED;
    if found != 0 {
        strip(headers, found, |name| !is_end_to_end(name.as_str()));
    }
}

/// One pass over the names, since ten look-ups that all miss cost ten times as much.
fn find(headers: &HeaderMap) -> u16 {
    headers.keys().fold(0, |found, name| found | bit(name.as_str()))
}

/// Whether a header concerns one connection only.
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    !matches!(bit(name), 0 | AUTHORIZED)
}

/// What goes on every hop, a bit for each, and one for what is looked for besides. `Trailer` stays: trailers are
/// passed on. `Proxy` is no header of any standard: CGI turns it into the variable `HTTP_PROXY`, through which a client
/// would choose the backend's outgoing proxy ("httpoxy", CVE-2016-5385). `HTTP2-Settings` is the other half of an
/// upgrade to h2c, which is never made.
fn bit(name: &str) -> u16 {
    let at = match name.len() {
        2 if name == "te" => 0,
        5 if name == "proxy" => 1,
        7 if name == "upgrade" => 2,
        10 if name == "connection" => 3,
        10 if name == "keep-alive" => 4,
        13 if name == "authorization" => return AUTHORIZED,
        14 if name == "http2-settings" => 5,
        16 if name == "proxy-connection" => 6,
        17 if name == "transfer-encoding" => 7,
        18 if name == "proxy-authenticate" => 8,
        19 if name == "proxy-authorization" => 9,
        _ => return 0,
    };
    1 << at
}

/// The order of an answer's headers means nothing to a client, so they are taken out one by one.
fn strip(headers: &mut HeaderMap, found: u16, may_go: impl Fn(&HeaderName) -> bool) {
    if found & bit(CONNECTION.as_str()) != 0 {
        let named: Vec<HeaderName> = options(headers).flatten().filter(may_go).collect();
        for name in &named {
            headers.remove(name);
        }
    }
    for (at, name) in HOP_BY_HOP.iter().enumerate() {
        if found & (1 << at) != 0 {
            headers.remove(name);
        }
    }
}

/// A connection option that is no token.
struct NotAName;

/// The options of all `Connection` lines, but those that name no header.
fn options(headers: &HeaderMap) -> impl Iterator<Item = Result<HeaderName, NotAName>> + '_ {
    headers
        .get_all(CONNECTION)
        .into_iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|option| {
            let is = |word: &[u8]| option.eq_ignore_ascii_case(word);
            !(option.is_empty() || is(b"close") || is(b"keep-alive") || is(b"upgrade"))
        })
        .map(|option| HeaderName::from_bytes(option).map_err(|_| NotAName))
}

fn accepts_trailers(line: &HeaderValue) -> bool {
    line.as_bytes()
        .split(|byte| *byte == b',')
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// Whether a header is not for the next hop alone, whatever its sender says of it.
pub(super) fn is_end_to_end(name: &str) -> bool {
    END_TO_END.binary_search(&name).is_ok()
        || END_TO_END_FAMILIES.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests;
