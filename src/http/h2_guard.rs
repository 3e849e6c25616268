//! What hyper and h2 leave open on a connection of HTTP/2: a client that breaks a rule of framing is told which
//! (RFC 9113 §4–§6), and one that keeps us busy with frames that ask for nothing is sent away before that
//! costs more than it costs the client (rapid reset, `MadeYouReset`, CONTINUATION and control floods). It looks at
//! the heads of frames, a few bytes behind them and the shape of header blocks, keeps no payload and changes not one byte.

use std::time::Instant;

use crate::http::h2_guard::frame::{Follower, Step, kind};
use crate::http::h2_guard::inbound::Inbound;
use crate::http::h2_guard::outbound::Resetting;
use crate::http::h2_guard::purse::Purse;
use crate::http::h2_guard::rules::Weight;
use crate::http::h2_guard::streams::Streams;

mod block;
mod bounds;
mod fields;
pub mod frame;
mod inbound;
mod outbound;
mod purse;
mod rules;
mod streams;
mod trailers;

pub use bounds::Bounds;

/// How a client with prior knowledge begins, and every other after it has agreed on `h2` (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The codes of RFC 9113 §7 that a connection ends with here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// A rule was broken that has no code of its own.
    Protocol = 1,
    /// A window or a setting of one beyond 2^31-1.
    FlowControl = 3,
    /// A frame for a stream that its client has ended.
    StreamClosed = 5,
    /// A frame of a length it cannot have.
    FrameSize = 6,
    /// Nothing is wrong but the amount.
    EnhanceYourCalm = 11,
}

/// Why a connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What the client is told.
    pub code: Code,
    /// What the log is told.
    pub why: &'static str,
}

impl Fault {
    fn protocol(why: &'static str) -> Self {
        Self {
            code: Code::Protocol,
            why,
        }
    }

    fn size(why: &'static str) -> Self {
        Self {
            code: Code::FrameSize,
            why,
        }
    }

    /// Too much of something.
    fn flood(why: &'static str) -> Self {
        Self {
            code: Code::EnhanceYourCalm,
            why,
        }
    }

    /// Whether it was too much rather than wrong.
    pub fn is_flood(&self) -> bool {
        self.code == Code::EnhanceYourCalm
    }
}

/// One connection: what its client has sent and what it was answered.
#[derive(Debug)]
pub struct Guard {
    /// Bytes of the preface that have come.
    greeted: usize,
    incoming: Follower,
    outgoing: Follower,
    inbound: Inbound,
    streams: Streams,
    resetting: Resetting,
    /// Streams that may be thrown away unanswered.
    resets: Purse,
    /// Frames that may bring nothing.
    chatter: Purse,
}

impl Guard {
    /// For a connection that begins now.
    pub fn new(bounds: Bounds, now: Instant) -> Self {
        Self {
            greeted: 0,
            incoming: Follower::default(),
            outgoing: Follower::default(),
            inbound: Inbound::new(bounds),
            streams: Streams::default(),
            resetting: Resetting::default(),
            resets: purse::resets(now),
            chatter: purse::chatter(now),
        }
    }

    /// The client has sent these bytes; says how many frames of DATA began with them.
    pub fn heard(&mut self, mut bytes: &[u8], now: impl Fn() -> Instant) -> Result<usize, Fault> {
        let mut data = 0;
        if self.greeted < PREFACE.len() {
            bytes = self.greet(bytes)?;
        }
        while let Some(step) = self.incoming.step(&mut bytes) {
            let weight = match step {
                Step::Head(head) => {
                    data += usize::from(head.kind == kind::DATA);
                    self.inbound.begin(head, &mut self.streams)?
                }
                Step::Payload(piece) => self.inbound.look(piece)?,
            };
            self.bear(weight, &now)?;
        }
        Ok(data)
    }

    /// The client has been sent these bytes.
    pub fn said(&mut self, mut bytes: &[u8], now: impl Fn() -> Instant) -> Result<(), Fault> {
        while let Some(step) = self.outgoing.step(&mut bytes) {
            match step {
                Step::Head(head) => self.answer(head),
                Step::Payload(piece) => self.explain(piece, &now)?,
            }
        }
        Ok(())
    }

    /// Whether the last frame sent has ended, so that another may follow.
    pub fn may_speak(&self) -> bool {
        self.outgoing.is_between()
    }

    /// Whether a client is in the middle of a request head.
    pub fn is_in_head(&self) -> bool {
        self.inbound.is_in_block() || self.greeted < PREFACE.len()
    }

    /// The last frame of a connection that ends for a fault (RFC 9113 §6.8).
    pub fn goodbye(&self, fault: Fault) -> [u8; 17] {
        frame::goaway(self.streams.highest(), fault.code as u32)
    }

    fn greet<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let expected = PREFACE.get(self.greeted..).unwrap_or_default();
        let (preface, rest) = bytes.split_at(expected.len().min(bytes.len()));
        if !expected.starts_with(preface) {
            return Err(Fault::protocol("the connection does not begin with the preface"));
        }
        self.greeted += preface.len();
        Ok(rest)
    }

    fn bear(&mut self, weight: Weight, now: &impl Fn() -> Instant) -> Result<(), Fault> {
        if weight.resets > 0 && !self.resets.spend(weight.resets, now) {
            return Err(Fault::flood("streams are opened and reset"));
        }
        if weight.chatter > 0 && !self.chatter.spend(weight.chatter, now) {
            return Err(Fault::flood("frames bring nothing"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
