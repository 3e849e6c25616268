//! Text into a log line so that nobody outside can end the line, forge a field or steer a terminal.
//! It only writes; it neither parses JSON nor knows which fields there are.

use std::fmt;

/// Appends `text` without quotes, escaped as the inside of a JSON string (RFC 8259 §7).
pub(super) fn escape(out: &mut Vec<u8>, text: &str) {
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape_slowly(out, text);
    }
}

/// Appends `text` as a JSON string, quotes included.
pub(super) fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// As [`quote`], of bytes that need not be UTF-8: what is not becomes U+FFFD.
pub(super) fn quote_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        escape(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// Lets `write!` append escaped text.
pub(super) struct Escaping<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte < 0x7f && byte != b'"' && byte != b'\\'
}

fn escape_slowly(out: &mut Vec<u8>, text: &str) {
    let mut utf8 = [0; 4];
    for ch in text.chars() {
        match ch {
            '"' | '\\' => out.extend_from_slice(&[b'\\', ch as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ if is_unsafe(ch) => escape_as_number(out, ch),
            _ => out.extend_from_slice(ch.encode_utf8(&mut utf8).as_bytes()),
        }
    }
}

/// Control characters (C1 too: U+009B starts a terminal sequence as ESC does), line separators that
/// some collectors split at, and marks that reorder what a person reads.
fn is_unsafe(ch: char) -> bool {
    ch.is_control()
        || matches!(ch, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(ch, '\u{e0000}'..='\u{e007f}')
}

fn escape_as_number(out: &mut Vec<u8>, ch: char) {
    let mut units = [0; 2];
    for unit in ch.encode_utf16(&mut units) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            let digit = ((*unit >> shift) % 16) as u8;
            out.push(if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn quoted(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        quote_bytes(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn leaves_plain_text_as_it_is() {
        assert_eq!(quoted(b"/a/b?c"), r#""/a/b?c""#);
        assert_eq!(quoted("grüße 日本".as_bytes()), "\"grüße 日本\"");
    }

    #[test]
    fn escapes_quotes_line_ends_and_terminal_sequences() {
        assert_eq!(
            quoted(b"a\"b\\c\n\r\t\0\x1b[31m\x7f"),
            r#""a\"b\\c\n\r\t\u0000\u001b[31m\u007f""#
        );
        assert_eq!(
            quoted("\u{9b}\u{2028}\u{202e}\u{e0041}".as_bytes()),
            r#""\u009b\u2028\u202e\udb40\udc41""#
        );
    }

    #[test]
    fn replaces_bytes_that_are_not_utf8() {
        assert_eq!(quoted(b"a\xff\xc3b"), "\"a\u{fffd}\u{fffd}b\"");
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn is_read_back_as_the_same_text(text in "\\PC*|.*") {
            let mut out = Vec::new();
            quote(&mut out, &text);
            proptest::prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn any_bytes_stay_in_one_string_on_one_line(bytes: Vec<u8>) {
            let line = quoted(&bytes);
            proptest::prop_assert!(!line.contains(['\n', '\r']));
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), String::from_utf8_lossy(&bytes));
        }
    }
}
