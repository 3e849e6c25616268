//! Where the frames of a WebSocket end (RFC 6455 §5.2), followed byte by byte without looking into them, so
//! that a farewell can be put between two of them. It judges nothing: what is no WebSocket leads it
//! nowhere, and then there is no farewell.

/// The farewell: 1001, "going away" (RFC 6455 §7.4.1), as a server sends it.
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xE9];

const OPCODE: u8 = 0x0F;
const CLOSE: u8 = 8;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;

/// One direction of a WebSocket, as far as it has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frames {
    /// Bytes of the present frame's head that have come.
    seen: u8,
    /// Bytes its head has in all; known after the second.
    head: u8,
    /// Bytes of its length that stand in the head, to be read as a number.
    wide: u8,
    /// Bytes of its payload still to come.
    left: u64,
    /// It is a close frame.
    closing: bool,
    closed: bool,
}

impl Frames {
    /// Follows one frame at most; says how many bytes of these belong to it.
    pub fn follow(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for byte in bytes {
            if self.is_head_whole() {
                break;
            }
            self.read_head(*byte);
            taken += 1;
        }
        if self.is_head_whole() {
            let rest = bytes.len().saturating_sub(taken);
            let payload = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest);
            self.left -= payload as u64;
            taken += payload;
            if self.left == 0 {
                self.closed |= self.closing;
                self.seen = 0;
            }
        }
        taken
    }

    /// Follows all of these bytes.
    pub fn follow_all(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.follow(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Whether a frame has ended and the next has not begun.
    pub fn is_between(&self) -> bool {
        self.seen == 0
    }

    /// Whether a close frame has passed: nothing may follow it in this direction (RFC 6455 §5.5.1).
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn is_head_whole(&self) -> bool {
        self.seen >= 2 && self.seen == self.head
    }

    fn read_head(&mut self, byte: u8) {
        self.seen += 1;
        match self.seen {
            1 => self.closing = byte & OPCODE == CLOSE,
            2 => {
                let length = byte & LENGTH;
                self.wide = match length {
                    126 => 2,
                    127 => 8,
                    _ => 0,
                };
                self.left = if self.wide == 0 { u64::from(length) } else { 0 };
                self.head = 2 + self.wide + if byte & MASKED == 0 { 0 } else { 4 };
            }
            // The mask follows the length and is of no interest.
            _ if self.wide > 0 => {
                self.wide -= 1;
                self.left = self.left << 8 | u64::from(byte);
            }
            _ => {}
        }
    }
}

/// The farewell for one side. A client masks all it sends (§5.3), so what goes to a server has a mask.
pub fn farewell(mask: Option<[u8; 4]>) -> Vec<u8> {
    let [first, length, high, low] = GOING_AWAY;
    match mask {
        None => GOING_AWAY.to_vec(),
        Some([a, b, c, d]) => vec![first, length | MASKED, a, b, c, d, high ^ a, low ^ b],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    /// A frame with a payload of zeros.
    fn frame(opcode: u8, masked: bool, length: usize) -> Vec<u8> {
        let mask = if masked { MASKED } else { 0 };
        let mut frame = vec![0x80 | opcode];
        match length {
            0..=125 => frame.push(mask | u8::try_from(length).unwrap()),
            126..=0xFFFF => {
                frame.push(mask + 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(mask + 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(vec![1; if masked { 4 } else { 0 }]);
        frame.extend(vec![0; length]);
        frame
    }

    fn boundaries(bytes: &[u8], piece: usize) -> Vec<usize> {
        let (mut frames, mut ends, mut at) = (Frames::default(), Vec::new(), 0);
        while at < bytes.len() {
            at += frames.follow(&bytes[at..bytes.len().min(at + piece)]);
            if frames.is_between() {
                ends.push(at);
            }
        }
        ends
    }

    #[test]
    fn every_way_to_cut_the_stream_finds_the_same_ends() {
        let all: Vec<_> = [0, 1, 125, 126, 127, 300, 65535, 65536, 70000, 0]
            .into_iter()
            .flat_map(|length| {
                [
                    frame(1, true, length),
                    frame(2, false, length),
                    frame(9, length % 2 == 0, 3),
                ]
            })
            .collect();
        let ends: Vec<usize> = all
            .iter()
            .scan(0, |at, frame| {
                *at += frame.len();
                Some(*at)
            })
            .collect();
        let bytes = all.concat();
        for piece in [1, 2, 3, 5, 7, 16, 4096, 16384, bytes.len()] {
            assert_eq!(boundaries(&bytes, piece), ends, "in pieces of {piece}");
        }
    }

    #[test]
    fn one_call_stops_at_the_end_of_a_frame() {
        let two = [frame(1, false, 5), frame(1, false, 6)].concat();
        let mut frames = Frames::default();
        assert_eq!(frames.follow(&two), 7);
        assert!(frames.is_between());
        assert_eq!(frames.follow(&two[7..10]), 3);
        assert!(!frames.is_between());
    }

    #[test]
    fn a_close_counts_once_it_is_whole() {
        let mut frames = Frames::default();
        frames.follow_all(&frame(1, true, 8));
        frames.follow_all(&frame(8, true, 2)[..7]);
        assert!(!frames.is_closed());
        frames.follow_all(&[0]);
        assert!(frames.is_closed() && frames.is_between());
    }

    #[test]
    fn a_frame_of_the_greatest_length_is_waited_for() {
        let mut frames = Frames::default();
        frames.follow_all(&[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]);
        frames.follow_all(&[0; 1000]);
        assert!(!frames.is_between() && !frames.is_closed());
    }

    #[test]
    fn a_farewell_is_a_whole_close_frame_in_both_ways_of_writing() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let mut frames = Frames::default();
            frames.follow_all(&farewell(mask));
            assert!(frames.is_closed() && frames.is_between());
        }
        assert_eq!(farewell(None)[2..], 1001_u16.to_be_bytes());
        let masked = farewell(Some([9, 8, 7, 6]));
        assert_eq!([masked[6] ^ 9, masked[7] ^ 8], 1001_u16.to_be_bytes());
    }
}
