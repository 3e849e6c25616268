//! Field lines up to the empty one, of a head or of trailers. Of all fields it reads the two that tell where a
//! body ends; the others only have to be fields.

use super::fault::Fault;
use crate::http::octets::{control_at, text_length, token_end, token_length};

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";
const CHUNKED: &[u8; 7] = b"chunked";

/// Field lines as far as they have come.
#[derive(Debug, Default)]
pub(super) struct Fields {
    at: At,
    count: u16,
    name: Name,
    length: Option<u64>,
    chunked: bool,
}

/// What the next octet belongs to.
#[derive(Debug, Default, Clone, Copy)]
enum At {
    #[default]
    Line,
    Name,
    Value,
    Length(Told),
    Coding(Told),
    LineFeed,
    LastLineFeed,
}

/// How far a value that is read has come.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// White space before it.
    Before,
    /// In it, so many octets.
    In(u8),
    /// White space after it.
    After,
}

/// The front of a name that is cut in two, long enough to tell the names that matter.
#[derive(Debug, Default)]
struct Name {
    front: [u8; CODING.len()],
    length: usize,
}

impl Fields {
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(super) fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Reads on, through so many fields at most; how many octets belong to the fields once the empty line has come.
    pub(super) fn read(&mut self, bytes: &[u8], most: u16) -> Result<Option<usize>, Fault> {
        let mut rest = bytes;
        if matches!(self.at, At::Line) {
            rest = self.read_plain(rest, most);
        }
        while let Some((octet, after)) = rest.split_first() {
            rest = match self.at {
                At::Line => match octet {
                    b'\r' => {
                        self.at = At::LastLineFeed;
                        after
                    }
                    b' ' | b'\t' => return Err(Fault::Folded),
                    _ => {
                        self.begin(most)?;
                        rest
                    }
                },
                At::Name => self.read_name(rest)?,
                At::Value => self.read_value(rest)?,
                At::Length(told) => {
                    self.at = self.digit(told, *octet)?;
                    after
                }
                At::Coding(told) => {
                    self.at = self.letter(told, *octet)?;
                    after
                }
                At::LineFeed | At::LastLineFeed if *octet != b'\n' => return Err(Fault::LineEnd),
                At::LineFeed => {
                    self.at = At::Line;
                    after
                }
                At::LastLineFeed => return Ok(Some(bytes.len() - after.len())),
            };
        }
        Ok(None)
    }

    /// Whole lines of which there is nothing to say: so nearly all are read. The first that is odd, cut or empty is
    /// left for the long way, which has a name for everything.
    fn read_plain<'a>(&mut self, bytes: &'a [u8], most: u16) -> &'a [u8] {
        let (mut start, mut count) = (0, self.count);
        while count < most && bytes.get(start) != Some(&b'\r') {
            let colon = token_end(bytes, start);
            if bytes.get(colon) != Some(&b':') {
                break;
            }
            let end = control_at(bytes, colon + 1);
            if bytes.get(end..end + 2) != Some(b"\r\n") {
                break;
            }
            let plain = match colon - start {
                0 => false,
                14 | 17 => self.take(bytes.get(start..colon), bytes.get(colon + 1..end)),
                _ => true,
            };
            if !plain {
                break;
            }
            count += 1;
            start = end + 2;
        }
        self.count = count;
        bytes.get(start..).unwrap_or_default()
    }

    /// Notes a whole field whose name is as long as one that matters, unless there is something to say about it.
    fn take(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        let (Some(name), Some(value)) = (name, value) else {
            return false;
        };
        if is_length(name) {
            let told = self.length.is_some();
            self.length = self.length.or_else(|| number(value.trim_ascii()));
            return !told && self.length.is_some();
        }
        if name.eq_ignore_ascii_case(CODING) {
            let told = std::mem::replace(&mut self.chunked, true);
            return !told && value.trim_ascii().eq_ignore_ascii_case(CHUNKED);
        }
        true
    }

    fn begin(&mut self, most: u16) -> Result<(), Fault> {
        if self.count == most {
            return Err(Fault::TooManyFields);
        }
        self.count += 1;
        self.name.length = 0;
        self.at = At::Name;
        Ok(())
    }

    fn read_name<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let (part, rest) = bytes.split_at_checked(token_length(bytes)).unwrap_or_default();
        match rest.split_first() {
            None => {
                self.name.push(part);
                Ok(rest)
            }
            Some((b':', rest)) => {
                self.at = if self.name.length == 0 {
                    self.value_of(part)?
                } else {
                    self.name.push(part);
                    self.value_of_cut_name()?
                };
                Ok(rest)
            }
            Some((b'\r' | b'\n' | b' ' | b'\t' | 0x21.., _)) => Err(Fault::FieldName),
            Some(_) => Err(Fault::Control),
        }
    }

    /// How the value of this field is read.
    fn value_of(&self, name: &[u8]) -> Result<At, Fault> {
        match name.len() {
            0 => Err(Fault::FieldName),
            14 if name.eq_ignore_ascii_case(LENGTH) => match self.length {
                None => Ok(At::Length(Told::Before)),
                // Even if both say the same: who sends it twice may send two (RFC 9112 §6.3).
                Some(_) => Err(Fault::ContentLength),
            },
            17 if name.eq_ignore_ascii_case(CODING) => {
                if self.chunked {
                    return Err(Fault::TransferEncoding);
                }
                Ok(At::Coding(Told::Before))
            }
            _ => Ok(At::Value),
        }
    }

    #[cold]
    fn value_of_cut_name(&self) -> Result<At, Fault> {
        match self.name.front.get(..self.name.length) {
            Some(name) => self.value_of(name),
            None => Ok(At::Value),
        }
    }

    fn read_value<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let (_, rest) = bytes.split_at_checked(text_length(bytes)).unwrap_or_default();
        match rest.split_first() {
            None => Ok(rest),
            Some((b'\r', rest)) => {
                self.at = At::LineFeed;
                Ok(rest)
            }
            Some((b'\n', _)) => Err(Fault::LineEnd),
            Some(_) => Err(Fault::Control),
        }
    }

    /// One octet of a length: digits alone, and no list even of equal ones.
    fn digit(&mut self, told: Told, octet: u8) -> Result<At, Fault> {
        match (told, octet) {
            // For some readers a zero in front makes it another number.
            (Told::In(_), b'0'..=b'9') if self.length == Some(0) => Err(Fault::ContentLength),
            (Told::Before | Told::In(_), b'0'..=b'9') => {
                let length = self.length.unwrap_or(0).checked_mul(10);
                let length = length.and_then(|length| length.checked_add(u64::from(octet - b'0')));
                // A signed reader must be able to say it too.
                let length = length.filter(|length| i64::try_from(*length).is_ok());
                self.length = Some(length.ok_or(Fault::ContentLength)?);
                Ok(At::Length(Told::In(0)))
            }
            _ => around(told, octet, At::Length).ok_or(Fault::ContentLength),
        }
    }

    /// One octet of a coding, of which there is only one.
    fn letter(&mut self, told: Told, octet: u8) -> Result<At, Fault> {
        let place = match told {
            Told::Before => 0,
            Told::In(place) => place,
            Told::After => u8::MAX,
        };
        if CHUNKED.get(usize::from(place)) == Some(&octet.to_ascii_lowercase()) {
            self.chunked = usize::from(place) + 1 == CHUNKED.len();
            return Ok(At::Coding(Told::In(place + 1)));
        }
        let whole = !matches!(told, Told::In(_)) || self.chunked;
        let at = around(told, octet, At::Coding).filter(|_| whole);
        at.ok_or(Fault::TransferEncoding)
    }
}

impl Name {
    fn push(&mut self, part: &[u8]) {
        if let Some(room) = self.front.get_mut(self.length..self.length + part.len()) {
            room.copy_from_slice(part);
        }
        // Longer than any name that matters is as good as long.
        self.length = (self.length + part.len()).min(CODING.len() + 1);
    }
}

/// Whether a token is `content-length`, in two words that overlap.
fn is_length(name: &[u8]) -> bool {
    if name.len() != LENGTH.len() {
        return false;
    }
    let word =
        |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020);
    word(name.first_chunk()) == word(LENGTH.first_chunk())
        && word(name.last_chunk()) == word(LENGTH.last_chunk())
}

/// A number of few enough digits to fit.
fn number(digits: &[u8]) -> Option<u64> {
    let short = matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.len() <= 18;
    short.then_some(digits)?.iter().try_fold(0, |number: u64, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// White space around a value that is read, and its end, before which it must have come.
fn around(told: Told, octet: u8, state: fn(Told) -> At) -> Option<At> {
    match (told, octet) {
        (Told::Before, b' ' | b'\t') => Some(state(Told::Before)),
        (Told::In(_) | Told::After, b' ' | b'\t') => Some(state(Told::After)),
        (Told::In(_) | Told::After, b'\r') => Some(At::LineFeed),
        _ => None,
    }
}
