//! Small pieces for a reader that lags. A body in small pieces has h2 keep a place for each and the buffer it lies in, while its
//! reader has no use for the next before it has taken the last: they are gathered, and passed on together then.

use bytes::{BufMut, Bytes, BytesMut};

use crate::http::h2_guard::frame::{self, HEAD, Head, flag, kind};

/// Pieces below that are gathered, in bytes. Larger ones take little more than they are.
const SMALL: u32 = 4 << 10;
/// Pieces of one body that may lie unread before the next are late.
pub(super) const FEW: usize = 8;
/// And pieces of all bodies, from which on one is enough.
const MANY: usize = 32;
/// What goes into one frame (RFC 9113 §6.5.2).
const FRAME: usize = 16 << 10;

/// What has been gathered of a body.
#[derive(Debug, Default)]
pub(super) struct Late {
    octets: Vec<u8>,
    /// It is all that there was left.
    ended: bool,
}

impl Late {
    pub(super) fn is_empty(&self) -> bool {
        self.weight() == 0
    }

    /// How many octets it has; an end counts as one.
    pub(super) fn weight(&self) -> usize {
        self.octets.len() + usize::from(self.ended)
    }

    /// What it holds of memory.
    pub(super) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Whether a frame joins it, where so many pieces lie unread of this body and of all.
    pub(super) fn takes(&self, head: Head, unread: usize, all: usize) -> bool {
        if head.kind != kind::DATA {
            return false;
        }
        let most = if all > MANY { 1 } else { FEW };
        !self.is_empty() || (1..SMALL).contains(&head.length) && unread >= most
    }

    /// Whether a frame comes after it, and must not overtake it.
    pub(super) fn precedes(&self, head: Head) -> bool {
        let ordered = matches!(head.kind, kind::DATA | kind::HEADERS | kind::RST_STREAM);
        ordered && !self.is_empty()
    }

    /// Adds octets that were taken of a frame.
    pub(super) fn add(&mut self, octets: &[u8], gathering: &Gathering) {
        self.octets.extend_from_slice(octets);
        self.ended |= gathering.ends && gathering.is_over();
    }

    /// All of it, in frames as the client might have sent them.
    pub(super) fn frames(&mut self, stream: u32) -> Bytes {
        let octets = std::mem::take(&mut self.octets);
        let ended = std::mem::take(&mut self.ended);
        let mut frames = BytesMut::with_capacity(octets.len() + HEAD * (1 + octets.len() / FRAME));
        let mut left = &octets[..];
        while !left.is_empty() || frames.is_empty() {
            let (piece, rest) = left.split_at(left.len().min(FRAME));
            left = rest;
            let length = u16::try_from(piece.len()).unwrap_or_default();
            frames.put_slice(&frame::body(stream, length, ended && left.is_empty()));
            frames.put_slice(piece);
        }
        frames.freeze()
    }
}

/// A frame that is being gathered.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    pub(super) stream: u32,
    /// Octets still to come.
    left: usize,
    ends: bool,
}

impl Gathering {
    pub(super) fn new(head: Head) -> Self {
        Self {
            stream: head.stream,
            left: head.length as usize,
            ends: head.has(flag::END_STREAM),
        }
    }

    /// Takes of these bytes what belongs to the frame.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let octets = bytes.get(..self.left).unwrap_or(bytes);
        self.left -= octets.len();
        octets
    }

    /// Whether the frame is whole.
    pub fn is_over(&self) -> bool {
        self.left == 0
    }
}

/// What is to be done with what was kept from being passed on.
#[derive(Debug)]
pub enum Turn {
    /// More must come before that can be said.
    Wait,
    /// It is passed on.
    Pass,
    /// These frames go before it.
    After(Bytes),
    /// Behind its head it is gathered.
    Gather(Gathering),
}
