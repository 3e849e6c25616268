//! A text without the escapes of the form it was put into: JSON's, HTML's entities and tags. Frameworks put traces
//! into either, and one into the other, so a text is resolved in rounds, whatever its media type says.

/// Longer ones are no tags.
const LONGEST_TAG: usize = 2048;
const LONGEST_ENTITY: usize = 10;

/// Tags that begin a line.
const LINES: [&[u8]; 12] = [
    b"br", b"p", b"div", b"li", b"tr", b"td", b"th", b"dt", b"dd", b"pre", b"h1", b"h2",
];

/// One round; `None` if there is nothing to resolve.
pub(super) fn resolved(text: &[u8]) -> Option<Vec<u8>> {
    if !text.iter().any(|byte| matches!(byte, b'\\' | b'&' | b'<' | 0)) {
        return None;
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let taken = match first {
            b'\\' => escape(after, &mut plain),
            b'&' => entity(after, &mut plain),
            b'<' => tag(after, &mut plain),
            // Every second byte of Latin text in UTF-16.
            0 => Some(0),
            _ => None,
        };
        if taken.is_none() {
            plain.push(first);
        }
        rest = after.get(taken.unwrap_or(0)..).unwrap_or_default();
    }
    (plain != text).then_some(plain)
}

/// An escape of JSON (RFC 8259 §7), after its `\`; how many bytes it takes.
fn escape(after: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
    let byte = match *after.first()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        mark @ (b'"' | b'\'' | b'/' | b'\\') => mark,
        b'u' => {
            let code = std::str::from_utf8(after.get(1..5)?).ok()?;
            push(u32::from_str_radix(code, 16).ok()?, plain);
            return Some(5);
        }
        _ => return None,
    };
    plain.push(byte);
    Some(1)
}

/// An entity of HTML or XML, after its `&`.
fn entity(after: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
    let end = after.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(after.get(..end)?).ok()?;
    let code = match name {
        "lt" => u32::from(b'<'),
        "gt" => u32::from(b'>'),
        "quot" => u32::from(b'"'),
        "apos" => u32::from(b'\''),
        "amp" => u32::from(b'&'),
        "nbsp" => u32::from(b' '),
        _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    push(code, plain);
    Some(end + 1)
}

/// A tag, after its `<`: those that begin a line leave a line's end, the others nothing.
fn tag(after: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
    let name = after.strip_prefix(b"/").unwrap_or(after);
    if !name.first()?.is_ascii_alphabetic() {
        return None;
    }
    let ends = |byte: &u8| matches!(byte, b'<' | b'>');
    let end = after.iter().take(LONGEST_TAG).position(ends)?;
    if after.get(end) != Some(&b'>') {
        return None;
    }
    let name = name.split(|byte| !byte.is_ascii_alphanumeric()).next()?;
    if LINES.iter().any(|line| name.eq_ignore_ascii_case(line)) {
        plain.push(b'\n');
    }
    Some(end + 1)
}

fn push(code: u32, plain: &mut Vec<u8>) {
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let character = if character == '\u{a0}' { ' ' } else { character };
    plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
