//! Switching to another protocol (RFC 9110 §7.8), judged from both sides before one byte is tunnelled: a request
//! that only looks like an upgrade is an ordinary request, and an answer that only looks like consent is none. For a
//! WebSocket that is its opening handshake (RFC 6455 §4). Never h2c, which would carry requests past every check.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

/// What is appended to the key before it is hashed (RFC 6455 §1.3).
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The protocols that may take over a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upgrades(Vec<HeaderValue>);

/// A well-formed wish for another protocol. It travels with the request, as a sign that a 101 was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    protocol: HeaderValue,
    /// What a WebSocket asks for beside.
    websocket: Option<WebSocket>,
}

/// A wish for a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WebSocket {
    /// The only `Sec-WebSocket-Accept` that consents to it.
    accept: [u8; 28],
    /// The subprotocols it offers, as sent.
    offered: Vec<HeaderValue>,
}

impl Upgrades {
    /// These and no others.
    pub fn new(protocols: Vec<HeaderValue>) -> Self {
        Self(protocols)
    }

    /// Whether this is one of them, in whatever case.
    pub fn allow(&self, protocol: &HeaderValue) -> bool {
        self.0.iter().any(|one| is_same(one, protocol))
    }
}

/// Whether a protocol may never take over a connection, since HTTP inside would pass every check by.
pub fn carries_http(protocol: &str) -> bool {
    let protocol = protocol.to_ascii_lowercase();
    let name = protocol.split('/').next().unwrap_or_default();
    matches!(name, "h2c" | "h2" | "h3" | "http" | "tls")
}

impl Handshake {
    /// The wish of a request, if it [names](named) a protocol and the rest is well-formed too. `empty` says that it has
    /// no body: bytes of one would be taken for a WebSocket's frames.
    pub fn of(method: &Method, version: Version, headers: &HeaderMap, empty: bool) -> Option<Self> {
        let protocol = named(headers)?;
        let websocket = if is_same(protocol, &WEBSOCKET) {
            Some(WebSocket::of(method, version, headers, empty)?)
        } else if version == Version::HTTP_11 {
            None
        } else {
            return None;
        };
        Some(Self {
            protocol: protocol.clone(),
            websocket,
        })
    }

    /// The protocol it asks for.
    pub fn protocol(&self) -> &HeaderValue {
        &self.protocol
    }

    /// Whether the head of a 101 consents to just this wish.
    pub fn is_accepted_by(&self, headers: &HeaderMap) -> bool {
        named(headers).is_some_and(|protocol| is_same(protocol, &self.protocol))
            && !headers.contains_key(TRANSFER_ENCODING)
            && self
                .websocket
                .as_ref()
                .is_none_or(|websocket| websocket.is_accepted_by(headers))
    }
}

impl WebSocket {
    fn of(method: &Method, version: Version, headers: &HeaderMap, empty: bool) -> Option<Self> {
        // In HTTP/2 nobody can name a protocol to upgrade to; where one is named, it is a wish written as this one.
        let version = matches!(version, Version::HTTP_11 | Version::HTTP_2);
        let may = *method == Method::GET && version && empty;
        let thirteen = only(headers, &SEC_WEBSOCKET_VERSION)? == "13";
        let key = only(headers, &SEC_WEBSOCKET_KEY)?.as_bytes();
        (may && thirteen && is_key(key)).then(|| Self {
            accept: accept(key),
            offered: headers
                .get_all(http::header::SEC_WEBSOCKET_PROTOCOL)
                .iter()
                .cloned()
                .collect(),
        })
    }

    /// The client's checks of RFC 6455 §4.1 beyond the protocol; a subprotocol that was not offered ends a browser's
    /// connection too, and is caught here first.
    fn is_accepted_by(&self, headers: &HeaderMap) -> bool {
        let accept = only(headers, &SEC_WEBSOCKET_ACCEPT);
        accept.is_some_and(|accept| accept.as_bytes() == self.accept) && self.offers(headers)
    }

    fn offers(&self, answer: &HeaderMap) -> bool {
        let mut chosen = answer.get_all(http::header::SEC_WEBSOCKET_PROTOCOL).iter();
        let Some(protocol) = chosen.next() else {
            return true;
        };
        let mut offered = self
            .offered
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii);
        chosen.next().is_none() && offered.any(|one| one == protocol.as_bytes())
    }
}

/// Writes what both sides of a switch to a protocol say to the next hop, where hop-by-hop headers have been taken off.
pub fn dress(headers: &mut HeaderMap, protocol: HeaderValue) {
    for (name, value) in dress_lines(protocol) {
        headers.insert(name, value);
    }
}

/// The same for a WebSocket.
pub fn dress_websocket(headers: &mut HeaderMap) {
    dress(headers, WEBSOCKET);
}

/// The same as lines.
pub fn dress_lines(protocol: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, protocol),
    ]
}

/// The protocol that a head asks to switch to, or consents to, if it is one and said for this hop.
pub fn named(headers: &HeaderMap) -> Option<&HeaderValue> {
    let protocol = only(headers, &UPGRADE)?;
    let mut options = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let said = options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    (said && is_protocol(protocol.as_bytes())).then_some(protocol)
}

/// Whether a head [names](named) a WebSocket.
pub fn names_websocket(headers: &HeaderMap) -> bool {
    named(headers).is_some_and(|protocol| is_same(protocol, &WEBSOCKET))
}

/// One name, perhaps with a version: `SPDY/3.1`.
pub fn is_protocol(text: &[u8]) -> bool {
    let token = |part: &[u8]| {
        let is = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        !part.is_empty() && part.iter().all(is)
    };
    let mut parts = text.split(|byte| *byte == b'/');
    parts.clone().count() <= 2 && parts.all(token)
}

fn is_same(one: &HeaderValue, other: &HeaderValue) -> bool {
    one.as_bytes().eq_ignore_ascii_case(other.as_bytes())
}

/// The header's value if it is there once: of two, each side may believe another.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Sixteen bytes in base64: 22 digits, of which the last has four bits to spare, and two signs of padding.
fn is_key(key: &[u8]) -> bool {
    let Some((digits, padding)) = key.split_at_checked(22) else {
        return false;
    };
    padding == b"=="
        && digits.iter().all(|digit| ALPHABET.contains(digit))
        && digits.last().is_some_and(|last| b"AQgw".contains(last))
}

/// A key of these bytes.
pub fn key(bytes: [u8; 16]) -> HeaderValue {
    HeaderValue::from_bytes(&base64::<24>(&bytes)).expect("base64 is a header value")
}

/// The hash that shows that whoever answers has read the key as a WebSocket's. It is no secret and guards
/// none, so that the hash is an old one does no harm.
fn accept(key: &[u8]) -> [u8; 28] {
    base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, MAGIC].concat()).as_ref())
}

fn base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [b'='; N];
    for (three, four) in bytes.chunks(3).zip(text.chunks_mut(4)) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, digit) in four.iter_mut().take(three.len() + 1).enumerate() {
            let index = bits >> (18 - 6 * at) & 63;
            *digit = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
