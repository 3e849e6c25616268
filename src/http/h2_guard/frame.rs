//! Where the frames of HTTP/2 begin and end (RFC 9113 §4.1), followed over reads and writes of any size. It
//! knows no kind from another; what a frame means is read elsewhere.

/// Kinds of frames (RFC 9113 §6, RFC 9218 §7.1).
pub mod kind {
    #![allow(missing_docs, reason = "each is named as in the RFC")]

    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
    pub const PRIORITY_UPDATE: u8 = 16;
}

/// Flags, where the kind has them.
pub mod flag {
    #![allow(missing_docs, reason = "each is named as in the RFC")]

    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 32;
}

/// Bytes of a head.
pub const HEAD: usize = 9;
/// Bytes of a setting (RFC 9113 §6.5.1).
pub const SETTING: usize = 6;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Bytes behind it.
    pub length: u32,
    /// See [`kind`].
    pub kind: u8,
    /// See [`flag`].
    pub flags: u8,
    /// The stream it belongs to, without the reserved bit; 0 for the connection.
    pub stream: u32,
}

impl Head {
    /// Reads it.
    pub fn read(bytes: [u8; HEAD]) -> Self {
        let [high, middle, low, kind, flags, stream @ ..] = bytes;
        Self {
            length: u32::from_be_bytes([0, high, middle, low]),
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7FFF_FFFF,
        }
    }

    /// Whether it has this flag.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame begins.
    Head(Head),
    /// The next bytes of its payload; never empty.
    Payload(&'a [u8]),
}

/// One direction of a connection, as far as it has come.
#[derive(Debug, Default, Clone)]
pub struct Follower {
    part: [u8; HEAD],
    /// Bytes of a head that have come.
    have: usize,
    /// Bytes of the payload still to come.
    left: u32,
}

impl Follower {
    /// Takes the next step's bytes off the front; none once nothing more can be said.
    pub fn step<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Step<'a>> {
        if self.left > 0 {
            let piece = (self.left as usize).min(bytes.len());
            let (payload, rest) = bytes.split_at(piece);
            *bytes = rest;
            self.left -= u32::try_from(piece).unwrap_or(self.left);
            return (piece > 0).then_some(Step::Payload(payload));
        }
        let head = if self.have == 0
            && let Some((head, rest)) = bytes.split_first_chunk()
        {
            *bytes = rest;
            *head
        } else {
            self.gather(bytes)?
        };
        let head = Head::read(head);
        self.left = head.length;
        Some(Step::Head(head))
    }

    /// Whether a frame has ended and the next has not begun.
    pub fn is_between(&self) -> bool {
        self.left == 0 && self.have == 0
    }

    /// What has come of a head that is not whole.
    pub fn begun(&self) -> &[u8] {
        self.part.get(..self.have).unwrap_or_default()
    }

    #[cold]
    fn gather(&mut self, bytes: &mut &[u8]) -> Option<[u8; HEAD]> {
        for slot in self.part.iter_mut().skip(self.have) {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            *slot = *byte;
            self.have += 1;
        }
        self.have = 0;
        Some(self.part)
    }
}

/// The head of a frame on the first stream.
#[cfg(test)]
pub(super) fn head(kind: u8, flags: u8, length: usize) -> Head {
    Head {
        length: u32::try_from(length).unwrap_or(u32::MAX),
        kind,
        flags,
        stream: 1,
    }
}

/// A whole GOAWAY frame without a word of explanation.
pub(super) fn goaway(last: u32, code: u32) -> [u8; 17] {
    let mut frame = [0, 0, 8, kind::GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let numbers = last.to_be_bytes().into_iter().chain(code.to_be_bytes());
    for (slot, byte) in frame.iter_mut().skip(HEAD).zip(numbers) {
        *slot = byte;
    }
    frame
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn steps(bytes: &[u8], piece: usize) -> (Vec<Head>, usize, bool) {
        let (mut follower, mut heads, mut payload) = (Follower::default(), Vec::new(), 0);
        for mut piece in bytes.chunks(piece) {
            while let Some(step) = follower.step(&mut piece) {
                match step {
                    Step::Head(head) => heads.push(head),
                    Step::Payload(bytes) => payload += bytes.len(),
                }
            }
        }
        (heads, payload, follower.is_between())
    }

    #[test]
    fn every_way_to_cut_the_bytes_finds_the_same_frames() {
        let mut bytes = vec![0, 1, 2, kind::DATA, flag::END_STREAM, 0x80, 0, 0, 3];
        bytes.extend([7; 258]);
        bytes.extend([0, 0, 0, kind::SETTINGS, flag::ACK, 0, 0, 0, 0]);
        bytes.extend([0, 0, 0, kind::SETTINGS, 0, 0, 0, 0, 0]);
        bytes.extend(goaway(5, 11));
        let whole = steps(&bytes, bytes.len());
        assert_eq!(whole.0.len(), 4);
        assert_eq!(
            whole.0[0],
            Head {
                length: 258,
                kind: kind::DATA,
                flags: flag::END_STREAM,
                stream: 3
            }
        );
        assert_eq!((whole.1, whole.2), (266, true));
        for piece in 1..30 {
            assert_eq!(steps(&bytes, piece), whole, "in pieces of {piece}");
        }
        assert!(!steps(&bytes[..bytes.len() - 1], 7).2);
        assert!(!steps(&bytes[..4], 7).2);
    }

    #[test]
    fn a_goodbye_says_how_far_we_came_and_why() {
        assert_eq!(goaway(0x0102_0304, 11)[9..], [1, 2, 3, 4, 0, 0, 0, 11]);
    }
}
