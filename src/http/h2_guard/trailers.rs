//! Trailers that hold what only a head may hold: a pseudo-header field (RFC 9113 §8.1). h2 reads over them. They are
//! found without decoding, by their numbers in the static table and the colon that their names begin with; of those
//! that an earlier head has put in the dynamic table nothing can be known here, and nothing comes of them.

use crate::http::h2_guard::Fault;
use crate::http::h2_guard::frame::{Head, flag, kind};

/// The fields with a colon are the first of the static table (RFC 7541, appendix A).
const PSEUDO: u32 = 14;
/// The colon in Huffman's code is 1011100, and so the first seven bits of a name (RFC 7541, appendix B).
const COLON: u8 = 0b1011_1000;

/// A block of trailers, as far as it has come. Its size is bounded where its frames are counted.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    block: Vec<u8>,
    /// Where the present frame begins in it, and what it is.
    frame: Option<(usize, Head)>,
}

impl Trailers {
    /// A frame of it begins.
    pub(super) fn begin(&mut self, head: Head) -> Result<(), Fault> {
        self.frame = Some((self.block.len(), head));
        self.gather(&[])
    }

    /// Its payload comes. The block is judged when it is whole.
    pub(super) fn gather(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.block.extend_from_slice(piece);
        let Some((start, head)) = self.frame else {
            return Ok(());
        };
        if self.block.len() - start < head.length as usize {
            return Ok(());
        }
        self.frame = None;
        if head.kind == kind::HEADERS {
            self.strip(head);
        }
        if head.has(flag::END_HEADERS) && has_pseudo(&self.block).unwrap_or_default() {
            return Err(Fault::protocol("trailers hold a field of a head"));
        }
        Ok(())
    }

    /// Takes off what surrounds the block in its first frame. That it fits has been judged before.
    fn strip(&mut self, head: Head) {
        let mut before = 0;
        if head.has(flag::PADDED) {
            let padding = self.block.first().copied().unwrap_or_default();
            self.block
                .truncate(self.block.len().saturating_sub(padding.into()));
            before += 1;
        }
        if head.has(flag::PRIORITY) {
            before += 5;
        }
        self.block.drain(..before.min(self.block.len()));
    }
}

/// None where the block breaks off: that is for the decoder to judge.
fn has_pseudo(mut block: &[u8]) -> Option<bool> {
    while let Some(first) = block.first() {
        let (prefix, literal) = match first {
            0x80.. => (7, false),
            0x40.. => (6, true),
            0x20.. => (5, false),
            _ => (4, true),
        };
        let resizes = (0x20..0x40).contains(first);
        let index = number(&mut block, prefix)?;
        if !resizes && (1..=PSEUDO).contains(&index) {
            return Some(true);
        }
        if literal {
            if index == 0 && text(&mut block)? {
                return Some(true);
            }
            text(&mut block)?;
        }
    }
    Some(false)
}

/// RFC 7541 §5.1. Beyond 28 bits nothing has a meaning here.
fn number(block: &mut &[u8], prefix: u32) -> Option<u32> {
    let (first, mut rest) = block.split_first()?;
    let most = (1 << prefix) - 1;
    let mut number = u32::from(*first) & most;
    if number == most {
        for shift in [0, 7, 14, 21] {
            let (byte, more) = rest.split_first()?;
            rest = more;
            number += u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *block = rest;
    Some(number)
}

/// Skips a string; says whether it begins with a colon.
fn text(block: &mut &[u8]) -> Option<bool> {
    let huffman = block.first()? & 0x80 != 0;
    let length = number(block, 7)? as usize;
    let (text, rest) = block.split_at_checked(length)?;
    *block = rest;
    let first = text.first().copied().unwrap_or_default();
    Some(if huffman {
        first & 0xFE == COLON
    } else {
        first == b':'
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: u8, flags: u8, length: usize) -> Head {
        Head {
            length: u32::try_from(length).unwrap_or(u32::MAX),
            kind,
            flags,
            stream: 1,
        }
    }

    fn judged(block: &[u8]) -> bool {
        let mut trailers = Trailers::default();
        let begun = trailers.begin(head(kind::HEADERS, flag::END_HEADERS, block.len()));
        begun.and_then(|()| trailers.gather(block)).is_err()
    }

    #[test]
    fn every_way_to_write_a_field_of_a_head_is_found() {
        let found: [&[u8]; 8] = [
            b"\x82",
            b"\x8e",
            b"\x00\x07:method\x03GET",
            b"\x40\x07:method\x03GET",
            b"\x02\x03GET",
            b"\x41\x01a",
            // `:method`, in Huffman's code.
            b"\x00\x85\xb9\x49\x53\x39\xe4\x03GET",
            b"\x21\x00\x06x-test\x02ok\x82",
        ];
        for block in found {
            assert!(judged(block), "{block:x?}");
        }
    }

    #[test]
    fn what_trailers_may_hold_is_left_alone() {
        let clean: [&[u8]; 7] = [
            b"",
            b"\x00\x06x-test\x02ok",
            b"\x90",
            b"\xbe",
            b"\x0f\x2b\x02:a",
            b"\x21",
            b"\x00\x7f\xff\xff",
        ];
        for block in clean {
            assert!(!judged(block), "{block:x?}");
        }
    }

    #[test]
    fn frames_and_padding_hide_nothing() {
        let mut trailers = Trailers::default();
        let first = [2, 0, 0, 0, 0, 9, 0, 7, b':', b'm', 0x90, 0x90];
        let flags = flag::PADDED | flag::PRIORITY;
        assert!(trailers.begin(head(kind::HEADERS, flags, first.len())).is_ok());
        assert!(first.iter().all(|byte| trailers.gather(&[*byte]).is_ok()));
        assert!(trailers.begin(head(kind::CONTINUATION, 0, 0)).is_ok());
        assert!(
            trailers
                .begin(head(kind::CONTINUATION, flag::END_HEADERS, 7))
                .is_ok()
        );
        assert!(trailers.gather(b"ethod\x01a").is_err());
    }
}
