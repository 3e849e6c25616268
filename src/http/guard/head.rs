//! The head of a request, line by line. A line is judged when it is complete, and searched for control bytes
//! as it comes; what was looked at once is not looked at again, so a head sent byte by byte costs no more.

use super::fault::Fault;
use super::field::{self, Told};
use super::octets::token;
use super::request_line::{self, Version};
use super::{Framing, Limits, line};

/// Empty lines before a request that are overlooked (RFC 9112 §2.2): old clients send one after a body.
const EMPTY_LINES: u8 = 2;

/// How far a head has come.
#[derive(Debug, Default)]
pub struct Head {
    /// Where the present line begins.
    at: usize,
    /// How much of it was searched.
    scanned: usize,
    /// Known once the first line is complete.
    version: Option<Version>,
    empty_lines: u8,
    fields: usize,
    told: Told,
}

impl Head {
    /// Goes on in the bytes of the head, shown from its first one each time. Its length when it is complete.
    pub fn vet(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        loop {
            if self.scanned == 0
                && let Some(length) = self.skim(bytes, limits)?
            {
                return Ok(Some(length));
            }
            let Some(length) = self.look(bytes, limits)? else {
                return Ok(None);
            };
            let line = bytes.get(self.at..self.at + length).unwrap_or_default();
            self.at += length + 2;
            if self.take(line, limits)? {
                return Ok(Some(self.at));
            }
        }
    }

    /// Takes plain lines as far as there are. Its length if that was the whole head; else the next line needs a
    /// closer look, or more of it must come.
    fn skim(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        let bytes = bytes.get(..limits.head).unwrap_or(bytes);
        let mut rest = bytes.get(self.at..).unwrap_or_default();
        let version = match self.version {
            Some(version) => version,
            None => match request_line::plain(rest, limits) {
                Some((version, more)) => {
                    rest = more;
                    *self.version.insert(version)
                }
                None => return Ok(None),
            },
        };
        let mut left = limits.fields - self.fields;
        while let Some((field, more)) = field::plain(rest) {
            left = left.checked_sub(1).ok_or(Fault::TooManyFields(limits.fields))?;
            rest = more;
            if field.may_tell() {
                self.told.note(field, version)?;
            }
        }
        self.fields = limits.fields - left;
        self.at = bytes.len() - rest.len();
        if rest.starts_with(b"\r\n") {
            self.at += 2;
            return Ok(Some(self.at));
        }
        Ok(None)
    }

    /// The length of the present line, if it is complete.
    fn look(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let left = limits.head.saturating_sub(self.at);
        let (most, fault) = match self.version {
            None if left > limits.request_line() + 2 => {
                (limits.request_line() + 2, Fault::TargetTooLong(limits.target))
            }
            _ => (left, Fault::HeadTooLarge(limits.head)),
        };
        // Another protocol is told at its first byte rather than when the time for a head is over.
        if let (None, Some([first])) = (self.version, rest.first_chunk::<1>())
            && token(&[*first]) == 0
            && !first.is_ascii_control()
        {
            return Err(Fault::RequestLine);
        }
        // Nothing beyond a limit is looked at, so that the verdict is the same however the bytes come.
        let window = rest.get(..most).unwrap_or(rest);
        match line::end(window, &mut self.scanned)? {
            None if rest.len() > window.len() => Err(fault),
            found => Ok(found),
        }
    }

    /// Takes a line; true if it was the last.
    fn take(&mut self, line: &[u8], limits: &Limits) -> Result<bool, Fault> {
        match self.version {
            None if line.is_empty() => {
                self.empty_lines += 1;
                if self.empty_lines > EMPTY_LINES {
                    return Err(Fault::EmptyLines);
                }
            }
            None => self.version = Some(request_line::read(line, limits)?.version),
            Some(_) if line.is_empty() => return Ok(true),
            Some(version) => {
                if self.fields >= limits.fields {
                    return Err(Fault::TooManyFields(limits.fields));
                }
                self.fields += 1;
                self.told.note(field::read(line)?, version)?;
            }
        }
        Ok(false)
    }

    /// How the body is framed, once the head is complete.
    pub fn framing(&self) -> Framing {
        self.told.framing()
    }

    /// Whether the request asks for another protocol; HTTP/1.0 cannot (RFC 9110 §7.8).
    pub fn asks_to_switch(&self) -> bool {
        self.told.asks_to_switch() && self.version == Some(Version::One)
    }
}
