//! One field of a head or a trailer (RFC 9112 §5), and those that tell where the body ends (§6).

use super::Framing;
use super::fault::Fault;
use super::octets::{is_blank, text, token, trim};
use super::request_line::Version;

/// The most digits of a length: eighteen are more than any body, and fewer than overflow.
const LENGTH_DIGITS: usize = 18;

/// A field with a sound name; its value holds no control bytes, since no line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// As received.
    pub name: &'a [u8],
    /// With the white space around it.
    pub value: &'a [u8],
}

/// What the fields of one head say of its body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

/// The first line, if it is complete and plain, and what follows it; what is not is left to a closer look.
/// Nearly every line is, and none of its bytes is looked at twice.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (name, rest) = bytes.split_at_checked(token(bytes))?;
    let [b':', rest @ ..] = rest else { return None };
    let (value, rest) = rest.split_at_checked(text(rest))?;
    let [b'\r', b'\n', rest @ ..] = rest else {
        return None;
    };
    if name.is_empty() {
        None
    } else {
        Some((Field { name, value }, rest))
    }
}

/// Reads a line without its CRLF, which is not empty.
pub fn read(line: &[u8]) -> Result<Field<'_>, Fault> {
    let (name, rest) = line.split_at_checked(token(line)).ok_or(Fault::FieldName)?;
    match rest {
        [b':', value @ ..] if !name.is_empty() => Ok(Field { name, value }),
        [first, ..] if is_blank(*first) && name.is_empty() => Err(Fault::Fold),
        [first, ..] if is_blank(*first) => Err(Fault::SpaceBeforeColon),
        _ => Err(Fault::FieldName),
    }
}

impl Field<'_> {
    /// Whether its name is as long as one of those that tell something.
    #[inline]
    pub(super) fn may_tell(&self) -> bool {
        matches!(self.name.len(), 7 | 14 | 17)
    }
}

impl Told {
    /// Takes note of a field.
    pub(super) fn note(&mut self, field: Field<'_>, version: Version) -> Result<(), Fault> {
        match field.name.len() {
            7 if field.name.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
            14 if field.name.eq_ignore_ascii_case(b"content-length") => {
                // Even the same number twice: whoever joins the lines reads another field (RFC 9112 §6.3).
                if self.length.is_some() {
                    return Err(Fault::ContentLength);
                }
                self.length = Some(length(trim(field.value))?);
            }
            17 if field.name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || version == Version::Zero {
                    return Err(Fault::TransferEncoding);
                }
                coding(trim(field.value))?;
                self.chunked = true;
            }
            _ => return Ok(()),
        }
        if self.chunked && self.length.is_some() {
            return Err(Fault::BothFramings);
        }
        Ok(())
    }

    pub(super) fn framing(&self) -> Framing {
        if self.chunked {
            Framing::Chunked
        } else {
            Framing::Length(self.length.unwrap_or_default())
        }
    }

    pub(super) fn asks_to_switch(&self) -> bool {
        self.upgrade
    }
}

/// A length in plain digits. A leading zero is octal to some, a sign or a list is a number to others.
fn length(value: &[u8]) -> Result<u64, Fault> {
    if value.is_empty() || value.len() > LENGTH_DIGITS || (value.len() > 1 && value.starts_with(b"0")) {
        return Err(Fault::ContentLength);
    }
    value.iter().try_fold(0_u64, |length, digit| {
        if digit.is_ascii_digit() {
            Ok(length * 10 + u64::from(digit - b'0'))
        } else {
            Err(Fault::ContentLength)
        }
    })
}

/// `chunked` alone. Others before it are known to RFC 9112 §7.2 and not to us; whatever else is listed, the
/// length of the body cannot be told for certain.
fn coding(value: &[u8]) -> Result<(), Fault> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut codings = value.rsplit(|byte| *byte == b',').map(trim);
    let is_last = codings
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
    let are_other_codings = |coding: &[u8]| {
        !coding.is_empty()
            && token(coding) == coding.len()
            && !coding.eq_ignore_ascii_case(b"chunked")
            && !coding.eq_ignore_ascii_case(b"identity")
    };
    Err(if is_last && codings.all(are_other_codings) {
        Fault::TransferCoding
    } else {
        Fault::TransferEncoding
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Result<Framing, Fault> {
        let mut told = Told::default();
        for line in lines {
            told.note(read(line.as_bytes())?, Version::One)?;
        }
        Ok(told.framing())
    }

    #[test]
    fn a_name_is_a_token_before_a_colon() {
        for (line, fault) in [
            ("no colon", Fault::SpaceBeforeColon),
            ("nocolon", Fault::FieldName),
            (": empty", Fault::FieldName),
            ("a : b", Fault::SpaceBeforeColon),
            ("a\t: b", Fault::SpaceBeforeColon),
            (" a: b", Fault::Fold),
            ("\ta: b", Fault::Fold),
            ("a(b): c", Fault::FieldName),
            ("\u{e9}: c", Fault::FieldName),
            ("a\"b: c", Fault::FieldName),
        ] {
            assert_eq!(read(line.as_bytes()), Err(fault), "{line}");
        }
        assert_eq!(read(b"X-A_b!:").unwrap().value, b"");
    }

    #[test]
    fn a_length_is_plain_digits_once() {
        assert_eq!(told(&["Content-Length: \t12 "]), Ok(Framing::Length(12)));
        assert_eq!(told(&["Content-Length: 0"]), Ok(Framing::Length(0)));
        for value in [
            "",
            "-1",
            "+1",
            "1 0",
            "1,1",
            "1, 1",
            "0x1",
            "1.0",
            "01",
            "00",
            "9223372036854775808000",
            "\u{661}",
            "1;",
        ] {
            assert_eq!(
                told(&[&format!("content-length: {value}")]),
                Err(Fault::ContentLength),
                "{value}"
            );
        }
        assert_eq!(
            told(&["Content-Length: 1", "content-length: 1"]),
            Err(Fault::ContentLength)
        );
    }

    #[test]
    fn the_only_transfer_coding_is_chunked() {
        assert_eq!(told(&["Transfer-Encoding:  Chunked "]), Ok(Framing::Chunked));
        for value in [
            "",
            "banana",
            "identity",
            "chunked, chunked",
            "chunked,",
            ",chunked",
            "chunked;q=1",
            "\"chunked\"",
            "xchunked",
            "chunked, gzip",
            "identity, chunked",
            "chunked chunked",
            "gzip;q=1, chunked",
        ] {
            assert_eq!(
                told(&[&format!("transfer-encoding: {value}")]),
                Err(Fault::TransferEncoding),
                "{value}"
            );
        }
        assert_eq!(
            told(&["Transfer-Encoding: gzip, chunked"]),
            Err(Fault::TransferCoding)
        );
        let twice = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"];
        assert_eq!(told(&twice), Err(Fault::TransferEncoding));
    }

    #[test]
    fn two_framings_contradict_each_other_in_either_order() {
        let (length, chunked) = ("Content-Length: 0", "Transfer-Encoding: chunked");
        assert_eq!(told(&[length, chunked]), Err(Fault::BothFramings));
        assert_eq!(told(&[chunked, length]), Err(Fault::BothFramings));
    }

    #[test]
    fn http_1_0_has_no_transfer_codings() {
        let field = read(b"Transfer-Encoding: chunked").unwrap();
        let noted = Told::default().note(field, Version::Zero);
        assert_eq!(noted, Err(Fault::TransferEncoding));
    }
}
