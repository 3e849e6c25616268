//! Which octets may stand where in a head, and how long a run of them is: what every guard over bytes asks for
//! each of them. It knows no grammar beyond single octets.

/// Letters, digits and the fifteen signs of a token (RFC 9110 §5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet: u8 = 0;
    while octet < 128 {
        let sign = matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        if sign || octet.is_ascii_alphanumeric() {
            #[allow(clippy::indexing_slicing, reason = "below 128")]
            {
                table[octet as usize] = true;
            }
        }
        octet += 1;
    }
    table
};

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

/// How many octets at the front are those of a token.
pub fn token_length(bytes: &[u8]) -> usize {
    token_end(bytes, 0)
}

/// How many octets at the front may stand in a field's value or a reason phrase: all but controls, HTAB allowed
/// (RFC 9110 §5.5).
pub fn text_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at = control_at(bytes, at);
        match bytes.get(at) {
            Some(b'\t') => at += 1,
            _ => return at,
        }
    }
}

/// Where the token that begins here ends. Letters and hyphens go eight at a time: nearly every field's name, to
/// its end.
pub fn token_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let rest = bytes.get(start..).unwrap_or_default();
    for word in rest.as_chunks::<8>().0 {
        let others = others(u64::from_le_bytes(*word));
        if others != 0 {
            at += place(others);
            break;
        }
        at += 8;
    }
    while let Some(octet) = bytes.get(at)
        && TOKEN.get(usize::from(*octet)).copied().unwrap_or(false)
    {
        at += 1;
    }
    at
}

/// Where the first control stands from here on, HTAB and DEL included; the length if there is none. Eight at a
/// time, since most of a head is text.
pub fn control_at(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let rest = bytes.get(start..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        let marks = controls(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + place(marks);
        }
        at += 8;
    }
    at + tail.iter().position(u8::is_ascii_control).unwrap_or(tail.len())
}

/// The place of the lowest octet that is marked.
#[inline]
fn place(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Marks every control in its highest bit. Borrows make false marks, but only above a true one.
#[inline]
fn controls(word: u64) -> u64 {
    let del = word ^ (ONES * 0x7f);
    ((word.wrapping_sub(ONES * 0x20) & !word) | (del.wrapping_sub(ONES) & !del)) & HIGHS
}

/// Marks every octet that is neither letter nor hyphen in its highest bit. Carries spoil marks, but only above an
/// octet that is marked; the hyphens are found without any, for every one of them is believed.
#[inline]
fn others(word: u64) -> u64 {
    let low = word | (ONES * 0x20);
    let letters = low.wrapping_add(ONES * (0x80 - 0x61)) & !low.wrapping_add(ONES * (0x80 - 0x7b)) & !word;
    let hyphen = word ^ (ONES * 0x2d);
    let not_hyphens = ((hyphen & !HIGHS) + !HIGHS) | hyphen;
    !letters & not_hyphens & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_is_where_the_grammar_puts_it() {
        for octet in 0..=u8::MAX {
            let sign = b"!#$%&'*+-.^_`|~".contains(&octet);
            let token = usize::from(sign || octet.is_ascii_alphanumeric());
            assert_eq!(token_length(&[octet]), token, "{octet:#x}");
            let text = octet == b'\t' || (octet >= 0x20 && octet != 0x7f);
            for place in 0..20 {
                let mut bytes = [b'x'; 20];
                if let Some(slot) = bytes.get_mut(place) {
                    *slot = octet;
                }
                assert_eq!(
                    text_length(&bytes),
                    if text { 20 } else { place },
                    "{octet:#x} at {place}"
                );
            }
        }
    }

    #[test]
    fn a_long_name_is_as_long_as_its_octets_say() {
        for octet in 0..=u8::MAX {
            for place in 0..20 {
                let mut bytes = *b"x-------------------";
                if let Some(slot) = bytes.get_mut(place) {
                    *slot = octet;
                }
                let length = if token_length(&[octet]) == 1 { 20 } else { place };
                assert_eq!(token_length(&bytes), length, "{octet:#x} at {place}");
            }
        }
    }

    #[test]
    fn the_first_of_several_controls_counts() {
        assert_eq!(text_length(b"a\tb\xffc\x7f\x00\r\n"), 5);
        assert_eq!(text_length(b"\t\t\t\t\t\t\t\t\t"), 9);
        assert_eq!(text_length(b""), 0);
        assert_eq!(token_length(b"x-y_z: 1"), 5);
    }
}
