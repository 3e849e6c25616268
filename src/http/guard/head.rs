//! The head of a request, line by line. A line is judged when it is complete, and searched for control bytes
//! as it comes; what was looked at once is not looked at again, so a head sent byte by byte costs no more.

use super::fault::Fault;
use super::field::{self, Told};
use super::octets::is_token;
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
            let rest = bytes.get(self.at..).unwrap_or_default();
            let left = limits.head.saturating_sub(self.at);
            let (most, fault) = match self.version {
                None if left > limits.request_line() + 2 => {
                    (limits.request_line() + 2, Fault::TargetTooLong(limits.target))
                }
                _ => (left, Fault::HeadTooLarge(limits.head)),
            };
            // Another protocol is told at its first byte rather than when the time for a head is over.
            if let (None, [first, ..]) = (self.version, rest)
                && !is_token(*first)
                && !first.is_ascii_control()
            {
                return Err(Fault::RequestLine);
            }
            // Nothing beyond a limit is looked at, so that the verdict is the same however the bytes come.
            let window = rest.get(..most).unwrap_or(rest);
            let Some(length) = line::end(window, &mut self.scanned)? else {
                return if rest.len() > window.len() {
                    Err(fault)
                } else {
                    Ok(None)
                };
            };
            self.at += length + 2;
            if self.take(rest.get(..length).unwrap_or_default(), limits)? {
                return Ok(Some(self.at));
            }
        }
    }

    /// Takes a line; true if it was the last.
    fn take(&mut self, line: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let Some(version) = self.version else {
            if line.is_empty() {
                self.empty_lines += 1;
                return if self.empty_lines > EMPTY_LINES {
                    Err(Fault::EmptyLines)
                } else {
                    Ok(false)
                };
            }
            self.version = Some(request_line::read(line, limits)?.version);
            return Ok(false);
        };
        if line.is_empty() {
            return Ok(true);
        }
        self.fields += 1;
        if self.fields > limits.fields {
            return Err(Fault::TooManyFields(limits.fields));
        }
        self.told.note(field::read(line)?, version)?;
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
