//! Where a line ends. CRLF and nothing else ends one, and no other control byte but the tab may stand in it:
//! a parser that takes a lone CR or LF for an end sees lines that another does not (RFC 9112 §2.2).

use super::fault::Fault;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The length of the first line without its CRLF; none if that has not come. `scanned` is how much of it was
/// looked at before, and is looked at no second time.
pub(super) fn end(bytes: &[u8], scanned: &mut usize) -> Result<Option<usize>, Fault> {
    let mut from = *scanned;
    loop {
        let Some(place) = control(bytes, from) else {
            *scanned = bytes.len();
            return Ok(None);
        };
        match bytes.get(place..).unwrap_or_default() {
            [b'\t', ..] => from = place + 1,
            [b'\r', b'\n', ..] => {
                *scanned = 0;
                return Ok(Some(place));
            }
            [b'\r'] => {
                *scanned = place;
                return Ok(None);
            }
            [b'\r', ..] => return Err(Fault::BareCr),
            [b'\n', ..] => return Err(Fault::BareLf),
            _ => return Err(Fault::Control),
        }
    }
}

/// The place of the first control byte, tabs included, from `from` on. Eight bytes at a time: nearly all
/// bytes of a head are seen by nothing else.
fn control(bytes: &[u8], from: usize) -> Option<usize> {
    let mut place = from;
    let mut rest = bytes.get(from..)?;
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let found = controls(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(place + (found.trailing_zeros() / 8) as usize);
        }
        (place, rest) = (place + 8, more);
    }
    rest.iter()
        .position(u8::is_ascii_control)
        .map(|offset| place + offset)
}

/// The high bit of the lowest byte that is below 0x20 or is 0x7f. Higher ones may be set wrongly, by a borrow.
fn controls(word: u64) -> u64 {
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    let flipped = word ^ (ONES * 0x7f);
    let delete = flipped.wrapping_sub(ONES) & !flipped;
    (low | delete) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_control_byte_at_each_place() {
        for byte in (0..=0x1f).chain([0x7f]) {
            for place in 0..40 {
                let mut bytes = vec![b'a'; 40];
                if let Some(at) = bytes.get_mut(place) {
                    *at = byte;
                }
                assert_eq!(control(&bytes, 0), Some(place), "{byte:#x}");
            }
        }
    }

    #[test]
    fn takes_no_other_byte_for_a_control_byte() {
        for byte in (0x20..=0x7e).chain(0x80..=0xff) {
            assert_eq!(control(&[byte; 21], 0), None, "{byte:#x}");
        }
    }

    #[test]
    fn a_line_ends_with_both_bytes_and_no_other_way() {
        assert_eq!(end(b"ab\tc\r\nrest", &mut 0), Ok(Some(4)));
        assert_eq!(end(b"ab\rc", &mut 0), Err(Fault::BareCr));
        assert_eq!(end(b"ab\nc", &mut 0), Err(Fault::BareLf));
        assert_eq!(end(b"ab\0c\r\n", &mut 0), Err(Fault::Control));
    }

    #[test]
    fn a_line_that_comes_in_parts_is_looked_at_once() {
        let mut scanned = 0;
        assert_eq!(end(b"ab\r", &mut scanned), Ok(None));
        assert_eq!(scanned, 2, "what follows the CR decides");
        assert_eq!(end(b"ab\r\n", &mut scanned), Ok(Some(2)));
    }
}
