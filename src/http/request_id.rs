//! The request id: the client's own if it is well-formed, so that one id runs through all systems,
//! else a new one. For correlation only: it can be guessed, so it is never a secret.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::hex;

/// The header it travels in, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const SHORTEST: usize = 8;
const LONGEST: usize = 128;
/// 32 digits and four dashes.
const LENGTH: usize = 36;

thread_local! {
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::new());
}

/// The id of a request with these headers (seed row 3-13).
pub fn request_id(headers: &HeaderMap, now: SystemTime) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(given) if is_well_formed(given.as_bytes()) => given.clone(),
        _ => RANDOM.with_borrow_mut(|random| fresh(now, random.u128(..))),
    }
}

/// Whether an id from outside may go into logs and headers: `[A-Za-z0-9._-]{8,128}`.
fn is_well_formed(id: &[u8]) -> bool {
    (SHORTEST..=LONGEST).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// A new id in the layout of UUID version 7 (RFC 9562 §5.7): sorted by time.
fn fresh(now: SystemTime, random: u128) -> HeaderValue {
    let millis = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let id = (millis << 80) | (random & 0x0fff_3fff_ffff_ffff_ffff) | (0x7 << 76) | (0b10 << 62);
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let [high, low] = [(id >> 64) as u64, id as u64].map(hex::digits);
    let mut text = Vec::with_capacity(LENGTH);
    let (start, end) = high.split_at(8);
    text.extend_from_slice(start);
    for part in end.as_chunks::<4>().0.iter().chain(low.first_chunk()) {
        text.push(b'-');
        text.extend_from_slice(part);
    }
    text.push(b'-');
    text.extend_from_slice(low.last_chunk::<12>().unwrap_or(&[b'0'; 12]));
    once(Bytes::from(text))
}

/// Digits and dashes or points, never to come again in another head: HTTP/2 shall not remember them, for each would push
/// one out of its table that does come again (RFC 7541 §7.1.3).
pub fn once(text: Bytes) -> HeaderValue {
    let mut value = HeaderValue::from_maybe_shared(text).expect("digits and marks are a header value");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(id: &str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(id).unwrap());
        request_id(&headers, UNIX_EPOCH)
    }

    #[test]
    fn keeps_a_well_formed_id() {
        assert_eq!(with("abc.DEF_123-x"), "abc.DEF_123-x");
    }

    #[test]
    fn replaces_what_could_forge_a_log_line_or_is_too_short_or_long() {
        for bad in ["short", "has space in it", "quote\"quote", &"x".repeat(129)] {
            assert_ne!(with(bad), bad);
        }
    }

    #[test]
    fn a_new_id_is_a_uuid_of_version_7() {
        let now = UNIX_EPOCH + std::time::Duration::from_millis(0x0123_4567_89ab);
        let id = fresh(now, u128::MAX);
        assert_eq!(id, "01234567-89ab-7fff-bfff-ffffffffffff");
        assert_eq!(fresh(now, 0), "01234567-89ab-7000-8000-000000000000");
    }
}
