//! A head that breaks the rules, written anew as it should have been: as far as all readers take it alike, or as the
//! server is allowed. What comes out is vetted like any other head. It sees whole heads, and only odd ones.

use super::fault::Fault;
use super::repair::{Repair, Repairs};
use crate::http::octets::token_length;

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";

/// Whether it is worth waiting for the whole head, after this fault in its beginning.
pub(super) fn may_help(fault: Fault, head: &[u8], tolerated: Repairs) -> bool {
    match fault {
        Fault::LineEnd => tolerated.has(Repair::BareLf),
        Fault::Version => head.starts_with(b"HTTP/1."),
        Fault::FieldName
        | Fault::Folded
        | Fault::Control
        | Fault::ContentLength
        | Fault::TransferEncoding
        | Fault::TwoFramings
        | Fault::BodyForbidden => true,
        _ => false,
    }
}

/// How long a head is, its empty line included; none if that has not come.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for line in bytes.split_inclusive(|octet| *octet == b'\n') {
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return Some(length);
        }
    }
    None
}

/// A whole head, put right, and what that took.
pub(super) fn mend(head: &[u8], tolerated: Repairs) -> Result<(Vec<u8>, Repairs), Fault> {
    let mut mender = Mender {
        clean: Vec::with_capacity(head.len() + 2),
        tolerated,
        done: Repairs::default(),
        last: Last::None,
        length: None,
        chunked: false,
    };
    let mut lines = head.split_inclusive(|octet| *octet == b'\n');
    let first = mender.text(lines.next().unwrap_or_default())?;
    let status = mender.status_line(first)?;
    for line in lines {
        match mender.text(line)? {
            [] => {}
            [b' ' | b'\t', rest @ ..] => mender.fold(trimmed(rest))?,
            line => mender.field(line)?,
        }
    }
    mender.frame(status)?;
    Ok((mender.clean, mender.done))
}

struct Mender {
    clean: Vec<u8>,
    tolerated: Repairs,
    done: Repairs,
    last: Last,
    /// The length that is told.
    length: Option<u64>,
    chunked: bool,
}

/// What a folded line goes on with.
#[derive(Clone, Copy)]
enum Last {
    /// Nothing.
    None,
    Field,
    /// One that tells where the body ends, which is never guessed at.
    Framing,
    LeftOut,
}

impl Mender {
    /// A line without its end.
    fn text<'a>(&mut self, line: &'a [u8]) -> Result<&'a [u8], Fault> {
        let text = line.strip_suffix(b"\n").ok_or(Fault::LineEnd)?;
        let text = if let Some(text) = text.strip_suffix(b"\r") {
            text
        } else {
            self.allow(Repair::BareLf, Fault::LineEnd)?;
            text
        };
        if text.contains(&b'\r') {
            return Err(Fault::LineEnd);
        }
        // What ends a text for one reader and not for another.
        if text.contains(&0) {
            return Err(Fault::Control);
        }
        Ok(text)
    }

    /// Writes the status line; the status.
    fn status_line(&mut self, line: &[u8]) -> Result<u16, Fault> {
        let Some(([b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor, b' ', digits @ ..], reason)) =
            line.split_first_chunk::<12>()
        else {
            return Err(Fault::StatusLine);
        };
        let digits: &[u8; 3] = digits;
        if !minor.is_ascii_digit() {
            return Err(Fault::Version);
        }
        if !digits.iter().all(u8::is_ascii_digit) || !matches!(reason.first(), None | Some(b' ')) {
            return Err(Fault::StatusLine);
        }
        let current = *minor != b'0';
        if *minor > b'1' {
            self.done.add(Repair::Version);
        }
        self.write(if current { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
        self.write(digits);
        self.write(b" ");
        let reason = reason.get(1..).unwrap_or_default();
        if reason.iter().any(|octet| is_control(*octet)) {
            self.done.add(Repair::ReasonPhrase);
        } else {
            self.write(reason);
        }
        self.write(b"\r\n");
        let value = |status: u16, digit: &u8| status * 10 + u16::from(*digit - b'0');
        Ok(digits.iter().fold(0, value))
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Fault> {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            return self.leave_out();
        };
        let (before, after) = line.split_at(colon);
        let name = trimmed(before);
        if name.is_empty() || token_length(name) < name.len() {
            if name.iter().any(|octet| is_control(*octet)) {
                return Err(Fault::Control);
            }
            return self.leave_out();
        }
        if name.len() < before.len() {
            self.done.add(Repair::SpaceBeforeColon);
        }
        let value = after.get(1..).unwrap_or_default();
        if name.eq_ignore_ascii_case(LENGTH) {
            self.last = Last::Framing;
            return self.read_length(value);
        }
        if name.eq_ignore_ascii_case(CODING) {
            self.last = Last::Framing;
            return self.read_coding(value);
        }
        self.last = Last::Field;
        self.write(name);
        self.write(b": ");
        self.write_value(trimmed(value));
        self.write(b"\r\n");
        Ok(())
    }

    /// A line that is no field.
    fn leave_out(&mut self) -> Result<(), Fault> {
        self.last = Last::LeftOut;
        self.allow(Repair::BadField, Fault::FieldName)
    }

    /// A line that goes on with the one before.
    fn fold(&mut self, text: &[u8]) -> Result<(), Fault> {
        match self.last {
            Last::None | Last::Framing => return Err(Fault::Folded),
            Last::LeftOut => {}
            Last::Field => {
                self.clean.truncate(self.clean.len() - 2);
                self.write(b" ");
                self.write_value(text);
                self.write(b"\r\n");
            }
        }
        self.done.add(Repair::Folded);
        Ok(())
    }

    /// A length, or a list of them.
    fn read_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        for digits in value.split(|octet| *octet == b',') {
            let digits = trimmed(digits);
            let length = number(digits).ok_or(Fault::ContentLength)?;
            if digits.len() > 1 && digits.starts_with(b"0") {
                self.done.add(Repair::LeadingZeros);
            }
            match self.length {
                None => self.length = Some(length),
                Some(told) if told == length => self.allow(Repair::RepeatedLength, Fault::ContentLength)?,
                Some(_) => return Err(Fault::ContentLength),
            }
        }
        Ok(())
    }

    fn read_coding(&mut self, value: &[u8]) -> Result<(), Fault> {
        let value = trimmed(value);
        if value.eq_ignore_ascii_case(b"identity") {
            return self.allow(Repair::IdentityCoding, Fault::TransferEncoding);
        }
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::TransferEncoding);
        }
        self.chunked = true;
        Ok(())
    }

    /// Writes where the body ends, and ends the head (RFC 9112 §6.3).
    fn frame(&mut self, status: u16) -> Result<(), Fault> {
        let told = self.chunked || self.length.is_some_and(|length| length > 0);
        if told && matches!(status, 100..200 | 204) {
            self.done.add(Repair::BodyForbidden);
            (self.length, self.chunked) = (None, false);
        }
        if self.chunked && self.length.is_some() {
            self.allow(Repair::LengthWithChunks, Fault::TwoFramings)?;
            self.length = None;
        }
        if self.chunked {
            self.write(b"transfer-encoding: chunked\r\n");
        }
        if let Some(length) = self.length {
            self.write(format!("content-length: {length}\r\n").as_bytes());
        }
        self.write(b"\r\n");
        Ok(())
    }

    /// Writes a value, with spaces for the controls in it.
    fn write_value(&mut self, value: &[u8]) {
        if value.iter().any(|octet| is_control(*octet)) {
            self.done.add(Repair::Control);
        }
        let value = value.iter();
        self.clean
            .extend(value.map(|octet| if is_control(*octet) { b' ' } else { *octet }));
    }

    fn write(&mut self, octets: &[u8]) {
        self.clean.extend_from_slice(octets);
    }

    /// Goes on if the server is allowed this.
    fn allow(&mut self, repair: Repair, fault: Fault) -> Result<(), Fault> {
        if !self.tolerated.has(repair) {
            return Err(fault);
        }
        self.done.add(repair);
        Ok(())
    }
}

/// All but the tab, which may stand in a value.
fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// What a signed reader can say too.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(*digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.filter(|number| i64::try_from(*number).is_ok())
}
