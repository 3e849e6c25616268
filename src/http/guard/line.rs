//! Where a line ends. CRLF and nothing else ends one, and no other control byte but the tab may stand in it:
//! a parser that takes a lone CR or LF for an end sees lines that another does not (RFC 9112 §2.2).

use super::fault::Fault;
use super::octets::text;

/// The length of the first line without its CRLF; none if that has not come. `scanned` is how much of it was
/// looked at before, and is looked at no second time.
pub(super) fn end(bytes: &[u8], scanned: &mut usize) -> Result<Option<usize>, Fault> {
    let mut from = *scanned;
    loop {
        from += text(bytes.get(from..).unwrap_or_default());
        match bytes.get(from..).unwrap_or_default() {
            [b'\r', b'\n', ..] => {
                *scanned = 0;
                return Ok(Some(from));
            }
            [b'\t', ..] => from += 1,
            // What follows the CR decides.
            [] | [b'\r'] => {
                *scanned = from;
                return Ok(None);
            }
            [b'\r', ..] => return Err(Fault::BareCr),
            [b'\n', ..] => return Err(Fault::BareLf),
            _ => return Err(Fault::Control),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
