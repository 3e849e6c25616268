//! What the client is sent, as far as it changes what it may do: answers earn patience, and resets that the
//! client has brought about use it up. It judges nobody but the client.

use std::time::Instant;

use crate::http::h2_guard::frame::{Head, flag, kind};
use crate::http::h2_guard::{Code, Fault, Guard};

/// What one piece of an answer earns: it brings windows and pings with it.
const PER_DATA: u32 = 5;
/// What an answer earns.
const PER_ANSWER: u32 = 10;
/// What a reset costs that the client has brought about: more than the answer earned that may have gone before.
const PER_RESET: u32 = 2;
/// What it costs to open a stream beyond the limit. A client may do so until it has heard of the limit.
const PER_REFUSAL: u32 = 5;
const REFUSED_STREAM: u32 = 7;

/// A `RST_STREAM` of ours that is being sent.
#[derive(Debug, Default)]
pub(super) struct Resetting {
    /// 0 if there is none.
    stream: u32,
    /// Why, as far as it has been sent.
    code: u32,
}

/// What a client is told by the stream that it provoked us to reset (`MadeYouReset`, CVE-2025-8671).
const PROTOCOL: u32 = Code::Protocol as u32;
const FLOW_CONTROL: u32 = Code::FlowControl as u32;
const STREAM_CLOSED: u32 = Code::StreamClosed as u32;

impl Guard {
    /// A frame begins on its way to the client.
    pub(super) fn answer(&mut self, head: Head) {
        self.resetting = Resetting::default();
        match head.kind {
            kind::HEADERS => self.streams.answered(head.stream),
            kind::DATA => self.chatter.earn(PER_DATA),
            kind::RST_STREAM => {
                self.resetting.stream = head.stream;
                self.streams.reset_by_us(head.stream);
                return;
            }
            _ => return,
        }
        if head.has(flag::END_STREAM) {
            self.streams.whole(head.stream);
            self.resets.earn(1);
            self.chatter.earn(PER_ANSWER);
        }
    }

    /// Bytes of its payload go out. Of interest is only why a stream is reset: for the client's fault, or for
    /// trouble of our own and the upstream's.
    pub(super) fn explain(&mut self, piece: &[u8], now: &impl Fn() -> Instant) -> Result<(), Fault> {
        if self.resetting.stream == 0 {
            return Ok(());
        }
        for byte in piece {
            self.resetting.code = self.resetting.code << 8 | u32::from(*byte);
        }
        if !self.outgoing.is_between() {
            return Ok(());
        }
        let patient = match self.resetting.code {
            PROTOCOL | FLOW_CONTROL | STREAM_CLOSED => self.resets.spend(PER_RESET, now),
            REFUSED_STREAM => self.chatter.spend(PER_REFUSAL, now),
            _ => true,
        };
        if patient {
            Ok(())
        } else {
            Err(Fault::flood("streams are opened for us to reset"))
        }
    }
}
