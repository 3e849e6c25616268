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

/// A frame of ours that is being sent and says a number.
#[derive(Debug, Default)]
pub(super) struct Telling {
    what: Option<Told>,
    /// As far as it has been sent.
    number: u32,
}

#[derive(Debug, Clone, Copy)]
enum Told {
    /// Why a stream is reset.
    Reset,
    /// By how much the window of the connection is opened.
    Window,
}

/// What a client is told by the stream that it provoked us to reset (`MadeYouReset`, CVE-2025-8671).
const PROTOCOL: u32 = Code::Protocol as u32;
const FLOW_CONTROL: u32 = Code::FlowControl as u32;
const STREAM_CLOSED: u32 = Code::StreamClosed as u32;

impl Guard {
    /// A frame begins on its way to the client.
    pub(super) fn answer(&mut self, head: Head) {
        self.telling = Telling::default();
        match head.kind {
            kind::HEADERS => self.streams.answered(head.stream),
            kind::DATA => self.chatter.earn(PER_DATA),
            kind::RST_STREAM => {
                self.telling.what = Some(Told::Reset);
                self.streams.reset_by_us(head.stream);
                return;
            }
            kind::WINDOW_UPDATE if head.stream == 0 => {
                self.telling.what = Some(Told::Window);
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

    /// Bytes of its payload go out. Of interest is by how much a window is opened, and why a stream is reset: for the
    /// client's fault, or for trouble of our own and the upstream's.
    pub(super) fn explain(&mut self, piece: &[u8], now: &impl Fn() -> Instant) -> Result<(), Fault> {
        let Some(what) = self.telling.what else {
            return Ok(());
        };
        for byte in piece {
            self.telling.number = self.telling.number << 8 | u32::from(*byte);
        }
        if !self.outgoing.is_between() {
            return Ok(());
        }
        match what {
            Told::Reset => self.bear_reset(self.telling.number, now),
            Told::Window => {
                self.unread.read(self.telling.number);
                Ok(())
            }
        }
    }

    fn bear_reset(&mut self, code: u32, now: &impl Fn() -> Instant) -> Result<(), Fault> {
        let patient = match code {
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
