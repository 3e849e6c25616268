//! Trailers: those that hold what only a head may hold, a pseudo-header field (RFC 9113 §8.1), which h2 reads over; and those
//! that are larger than trailers are.

use crate::http::h2_guard::Fault;
use crate::http::h2_guard::block::Block;
use crate::http::h2_guard::frame::Head;

/// Bytes of the frames of one block: a client has a checksum or a signature to say.
const MOST: usize = 4 << 10;
/// Fields of one block: each may be one byte that stands for a large one.
const FIELDS: u32 = 32;

/// As far as they have come.
#[derive(Debug, Default)]
pub(super) struct Trailers(Block);

impl Trailers {
    /// A frame of them begins.
    pub(super) fn begin(&mut self, head: Head) {
        self.0.begin(head);
    }

    /// Its payload comes.
    pub(super) fn gather(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.0.read(piece);
        if self.0.fields.pseudo {
            return Err(Fault::protocol("trailers hold a field of a head"));
        }
        if self.0.length > MOST || self.0.fields.count > FIELDS {
            return Err(Fault::flood("there are more trailers than are allowed"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h2_guard::frame::{flag, head, kind};

    fn judged(block: &[u8]) -> bool {
        let mut trailers = Trailers::default();
        trailers.begin(head(kind::HEADERS, flag::END_HEADERS, block.len()));
        trailers.gather(block).is_err()
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
        let first = [2, 0, 0, 0, 0, 9, 0, 7, 0x90, 0x90];
        let flags = flag::PADDED | flag::PRIORITY;
        trailers.begin(head(kind::HEADERS, flags, first.len()));
        assert!(first.iter().all(|byte| trailers.gather(&[*byte]).is_ok()));
        trailers.begin(head(kind::CONTINUATION, 0, 0));
        trailers.begin(head(kind::CONTINUATION, flag::END_HEADERS, 9));
        assert!(trailers.gather(b":method\x01a").is_err());
    }

    #[test]
    fn there_is_an_end_to_trailers() {
        let most = b"\x90".repeat(32);
        assert!(!judged(&most));
        assert!(judged(&[&most[..], b"\x90"].concat()));
        let large = [&b"\x00\x01x\x7f\x80\x1f"[..], &[b'v'; 4095]].concat();
        assert!(judged(&large));
        assert!(!judged(&large[..4096]));
    }
}
