//! Which bytes may stand where, and how far they do: sixteen at a time, since nearly all bytes of a request are
//! looked at here and nowhere else before they are parsed. Each rule is written twice, for one byte and for
//! sixteen; a test holds them against each other.

use wide::u8x16;

/// How many bytes stand before the first control byte or tab (RFC 9110 §5.5).
pub(super) fn text(bytes: &[u8]) -> usize {
    prefix(
        bytes,
        |b| up_to(b, 0x1f) | is(b, 0x7f),
        |byte| !byte.is_ascii_control(),
    )
}

/// How many bytes stand before the first that no token holds (RFC 9110 §5.6.2): methods, names, codings.
pub(super) fn token(bytes: &[u8]) -> usize {
    // Letters, digits and dashes are nearly all there is.
    let common = |b: u8x16| !(within(b | splat(0x20), b'a', b'z') | within(b, b'0', b'9') | is(b, b'-'));
    let mut length = 0;
    loop {
        length += prefix(bytes.get(length..).unwrap_or_default(), common, |byte| {
            belongs(byte, TOKEN)
        });
        match bytes.get(length) {
            Some(byte) if belongs(*byte, TOKEN) => length += 1,
            _ => return length,
        }
    }
}

/// How many bytes stand before the first that a path must escape, or `?`.
pub(super) fn path(bytes: &[u8]) -> usize {
    prefix(
        bytes,
        |b| !within(b, b'!', b'~') | is(b, b'#') | is(b, b'?') | is(b, b'<') | is(b, b'>') | is(b, b'`'),
        |byte| belongs(byte, PATH),
    )
}

/// How many bytes stand before the first that a query must escape.
pub(super) fn query(bytes: &[u8]) -> usize {
    prefix(
        bytes,
        |b| !within(b, b'!', b'~') | is(b, b'#') | is(b, b'"') | is(b, b'<') | is(b, b'>'),
        |byte| belongs(byte, QUERY),
    )
}

/// How many bytes stand before the first that is marked.
#[inline]
fn prefix(bytes: &[u8], marked: impl Fn(u8x16) -> u8x16, passes: impl Fn(u8) -> bool) -> usize {
    let (mut length, mut rest) = (0, bytes);
    while let Some((block, more)) = rest.split_first_chunk::<16>() {
        let marks = marked(u8x16::new(*block)).to_bitmask();
        if marks != 0 {
            return length + marks.trailing_zeros() as usize;
        }
        (length, rest) = (length + 16, more);
    }
    length + rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len())
}

fn splat(byte: u8) -> u8x16 {
    u8x16::splat(byte)
}

fn is(block: u8x16, byte: u8) -> u8x16 {
    block.simd_eq(splat(byte))
}

fn up_to(block: u8x16, last: u8) -> u8x16 {
    block.min(splat(last)).simd_eq(block)
}

fn within(block: u8x16, first: u8, last: u8) -> u8x16 {
    up_to(block - splat(first), last - first)
}

/// Where a byte may stand.
const TOKEN: u8 = 1;
/// RFC 3986 §3.3, and what browsers send unescaped. The fragment is the client's own affair (RFC 9112 §3.2); a
/// server that gets one cuts it or does not.
const PATH: u8 = 2;
/// The same in a query.
const QUERY: u8 = 4;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        let token = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        let path = !matches!(byte, b'#' | b'?' | b'<' | b'>' | b'`');
        let query = !matches!(byte, b'#' | b'"' | b'<' | b'>');
        #[allow(clippy::indexing_slicing, reason = "computed when it is compiled")]
        {
            table[byte as usize] = (token as u8 * TOKEN) | (path as u8 * PATH) | (query as u8 * QUERY);
        }
        byte += 1;
    }
    table
}

fn belongs(byte: u8, class: u8) -> bool {
    CLASSES
        .get(usize::from(byte))
        .is_some_and(|classes| classes & class != 0)
}

/// White space within a line (RFC 9110 §5.6.3).
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without white space at either end.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_is_judged_like_sixteen() {
        for byte in 0..=u8::MAX {
            let in_block = |prefix: fn(&[u8]) -> usize| prefix(&[byte; 16]) == 16;
            let alone = |prefix: fn(&[u8]) -> usize| prefix(&[byte]) == 1;
            for rule in [text, token, path, query] {
                assert_eq!(in_block(rule), alone(rule), "{byte:#x}");
            }
            assert_eq!(alone(text), !byte.is_ascii_control(), "{byte:#x}");
            assert_eq!(alone(token), belongs(byte, TOKEN), "{byte:#x}");
        }
    }

    #[test]
    fn the_first_byte_that_may_not_stand_is_found_at_each_place() {
        for place in 0..50 {
            let mut bytes = [b'a'; 50];
            if let Some(at) = bytes.get_mut(place) {
                *at = b'\r';
            }
            for rule in [text, token, path, query] {
                assert_eq!(rule(&bytes), place);
            }
        }
        assert_eq!(token(b"X_a.b!c-0123456789_ABCDEFGHIJKLMNOP:"), 35);
    }
}
