//! Rules that one frame of a client keeps or breaks by itself, and what it weighs (RFC 9113 §5.1 and §6).

use crate::http::h2_guard::frame::{Head, flag};
use crate::http::h2_guard::streams::{Known, Streams};
use crate::http::h2_guard::{Code, Fault};

/// What we accept at most in one frame: the least that may be advertised (RFC 9113 §4.2).
pub(super) const FRAME: u32 = 16_384;
/// The greatest window there is (RFC 9113 §6.9.1).
pub(super) const WINDOW: u32 = 0x7FFF_FFFF;

/// What a frame costs its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Weight {
    pub(super) resets: u32,
    pub(super) chatter: u32,
}

pub(super) fn chatter(chatter: u32) -> Weight {
    Weight { resets: 0, chatter }
}

/// Streams above the highest, and all that only a server could open, have not begun.
pub(super) fn is_idle(stream: u32, streams: &Streams) -> bool {
    stream > streams.highest() || stream.is_multiple_of(2)
}

/// RFC 9113 §5.1: who has ended a stream sends no more on it. A fault of the stream there, and of the connection
/// here (§5.4.1 leaves that open): it is the cheapest way to make a server reset its own streams. Of one that ended
/// long ago nobody knows any more who ended it; that is the fault of the stream.
pub(super) fn may_send(known: Known) -> Result<(), Fault> {
    match known {
        Known::Open | Known::Reset | Known::Gone => Ok(()),
        Known::Ended => Err(Fault {
            code: Code::StreamClosed,
            why: "a frame comes after the end of its stream",
        }),
    }
}

pub(super) fn reset(head: Head, streams: &mut Streams) -> Result<Weight, Fault> {
    if head.length != 4 {
        return Err(Fault::size("RST_STREAM is not four bytes long"));
    }
    if head.stream == 0 || is_idle(head.stream, streams) {
        return Err(Fault::protocol("RST_STREAM belongs to no stream"));
    }
    let resets = u32::from(streams.reset(head.stream));
    Ok(Weight {
        resets,
        chatter: 1 - resets,
    })
}

pub(super) fn window(head: Head, streams: &Streams) -> Result<Weight, Fault> {
    if head.length != 4 {
        return Err(Fault::size("WINDOW_UPDATE is not four bytes long"));
    }
    if head.stream != 0 && is_idle(head.stream, streams) {
        return Err(Fault::protocol("WINDOW_UPDATE belongs to no stream"));
    }
    Ok(chatter(1))
}

pub(super) fn settings(head: Head) -> Result<Weight, Fault> {
    let whole = head.length.is_multiple_of(6) && !(head.has(flag::ACK) && head.length > 0);
    // Each is a change to all streams, and an answer.
    of_the_connection(head, whole, 10 + head.length / 6)
}

pub(super) fn of_the_connection(head: Head, fits: bool, weight: u32) -> Result<Weight, Fault> {
    if head.stream != 0 {
        return Err(Fault::protocol("a frame of the connection belongs to a stream"));
    }
    if !fits {
        return Err(Fault::size("a frame has a length it cannot have"));
    }
    Ok(chatter(weight))
}

pub(super) fn depends(stream: u32, on: u32) -> Result<(), Fault> {
    if stream == on {
        return Err(Fault::protocol("a stream depends on itself"));
    }
    Ok(())
}

/// RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1.
pub(super) fn setting(name: u16, value: u32) -> Result<(), Fault> {
    match name {
        2 | 8 | 9 if value > 1 => Err(Fault::protocol("a setting is neither on nor off")),
        4 if value > WINDOW => Err(Fault {
            code: Code::FlowControl,
            why: "the window of streams is too large",
        }),
        5 if !(FRAME..=0x00FF_FFFF).contains(&value) => {
            Err(Fault::protocol("frames cannot be of the size that is set"))
        }
        _ => Ok(()),
    }
}
