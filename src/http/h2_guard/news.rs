//! What a frame brings that lies with h2 until somebody takes it.

use crate::http::h2_guard::frame::{Head, flag};

/// What a frame that has just ended brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The head itself.
    Head {
        /// Its number.
        stream: u32,
        /// A body follows, or what flows in a tunnel.
        opens: bool,
        /// A target that is part of it is to be remembered (RFC 7541 §6.2.1).
        remembered: bool,
    },
    /// So many octets on the stream.
    Body(u32, u32),
    /// The end of it, with fields that hold so many octets.
    Trailers(u32, u32),
}

/// Who hears of what a client sends.
pub trait Ear {
    /// A frame has ended. True if nothing should be passed on behind it for now.
    fn hear(&mut self, news: News) -> bool;

    /// Whether nothing should be passed on of what comes next, which begins with these bytes: none if they are not there.
    fn stops_before(&mut self, next: &[u8]) -> bool;
}

/// Whoever does not care.
impl Ear for () {
    fn hear(&mut self, _news: News) -> bool {
        false
    }

    fn stops_before(&mut self, _next: &[u8]) -> bool {
        false
    }
}

impl News {
    /// What DATA brings beside its padding (RFC 9113 §6.1).
    pub(super) fn of_body(head: Head, padding: u8) -> Option<Self> {
        let around = if head.has(flag::PADDED) {
            1 + u32::from(padding)
        } else {
            0
        };
        let octets = head.length.saturating_sub(around);
        (octets > 0).then_some(Self::Body(head.stream, octets))
    }
}
