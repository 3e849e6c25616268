//! W3C Trace Context (level 1): the ids under which all systems a request passes speak of it. The client's
//! own if they are well-formed, from whomever, since they decide nothing here; else new ones. For
//! correlation only: an id from outside may be anybody's, and one of ours can be guessed.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::hex;
use crate::http::request_id::once;

/// Trace id, the caller's span, and whether it is recorded (§3.2).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What vendors add to it (§3.3); worth nothing without it.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-` 32 digits `-` 16 digits `-` 2 digits.
const LENGTH: usize = 55;
/// More of `tracestate` than vendors must pass on (§3.3.1.5) is not passed on.
const LONGEST_STATE: usize = 512;
/// Entries of `tracestate` (§3.3.1.1).
const MOST_ENTRIES: usize = 32;

thread_local! {
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::new());
}

/// The trace a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Well-formed, of version 00.
    parent: HeaderValue,
    given: bool,
}

impl Trace {
    /// The trace these headers name, or a new one; `recorded` says whether a new one is recorded.
    pub fn of(headers: &HeaderMap, recorded: impl FnOnce() -> bool) -> Self {
        match given(headers) {
            Some(parent) => Self {
                parent: parent.clone(),
                given: true,
            },
            None => Self {
                parent: RANDOM.with_borrow_mut(|random| fresh(random.u128(1..), random.u64(1..), recorded())),
                given: false,
            },
        }
    }

    /// 32 digits: the same in all systems.
    pub fn trace_id(&self) -> &str {
        self.part(3..35)
    }

    /// 16 digits: the client's span if the trace is the client's, else ours.
    pub fn span_id(&self) -> &str {
        self.part(36..52)
    }

    /// Whether the client brought it.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// The header itself.
    pub fn parent(&self) -> &HeaderValue {
        &self.parent
    }

    /// Whether this header of a request goes no further: a parent that is replaced by ours, and state that belongs to
    /// another trace, or is no state.
    pub fn ends(&self, name: &HeaderName, received: &HeaderMap) -> bool {
        *name == TRACEPARENT && !self.given || *name == TRACESTATE && !(self.given && is_state(received))
    }

    fn part(&self, range: std::ops::Range<usize>) -> &str {
        self.parent
            .to_str()
            .ok()
            .and_then(|text| text.get(range))
            .unwrap_or_default()
    }
}

/// The one `traceparent` of a request, if it is well-formed.
fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let first = headers.get(TRACEPARENT)?;
    let mut all = headers.get_all(TRACEPARENT).into_iter();
    let alone = (all.next(), all.next()).1.is_none();
    (alone && is_parent(first.as_bytes())).then_some(first)
}

/// Strictly version 00 (§3.2.2): what a later version may add cannot be judged, so it is not passed on.
fn is_parent(text: &[u8]) -> bool {
    let hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let zero = |part: &[u8]| part.iter().all(|byte| *byte == b'0');
    let (LENGTH, [b'0', b'0', b'-', rest @ ..]) = (text.len(), text) else {
        return false;
    };
    let (trace, rest) = rest.split_at(32);
    let ([b'-', rest @ ..], true) = (rest, hex(trace) && !zero(trace)) else {
        return false;
    };
    let (span, rest) = rest.split_at(16);
    matches!(rest, [b'-', flags @ ..] if hex(flags)) && hex(span) && !zero(span)
}

/// Printable, short and few: what is in it is its vendors' affair.
fn is_state(headers: &HeaderMap) -> bool {
    let (mut bytes, mut entries) = (0, 0);
    for value in headers.get_all(TRACESTATE) {
        let value = value.as_bytes();
        bytes += value.len();
        entries += value.split(|byte| *byte == b',').count();
        if !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            return false;
        }
    }
    bytes <= LONGEST_STATE && entries <= MOST_ENTRIES
}

fn fresh(trace: u128, span: u64, recorded: bool) -> HeaderValue {
    let mut text = Vec::with_capacity(LENGTH);
    text.extend_from_slice(b"00-");
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let [high, low] = [(trace >> 64) as u64, trace as u64];
    text.extend_from_slice(&hex::digits(high));
    text.extend_from_slice(&hex::digits(low));
    text.push(b'-');
    text.extend_from_slice(&hex::digits(span));
    text.extend_from_slice(if recorded { b"-01" } else { b"-00" });
    once(Bytes::from(text))
}

#[cfg(test)]
mod tests;
