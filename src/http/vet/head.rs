//! The head of an answer: status line, then fields. It says what the head tells of the body and judges no meaning.

use super::fault::Fault;
use super::fields::Fields;
use crate::http::octets::{control_at, text_length};

const VERSION: &[u8; 7] = b"HTTP/1.";

/// A head as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Head {
    at: At,
    /// The digit after `HTTP/1.` is a zero.
    old: bool,
    status: u16,
    fields: Fields,
}

/// What the next octet belongs to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The octet of the status line at this place, up to the last digit of the status.
    #[default]
    Start,
    Front(u8),
    /// The space after the status.
    Space,
    Reason,
    LineFeed,
    Fields,
}

impl Head {
    /// The status, or 0 as long as it is not complete.
    pub(super) fn status(&self) -> u16 {
        if matches!(self.at, At::Start | At::Front(_)) {
            0
        } else {
            self.status
        }
    }

    /// Whether it is of HTTP/1.1.
    pub(super) fn is_current(&self) -> bool {
        !self.old
    }

    /// The length that is told, and whether the body comes in chunks.
    pub(super) fn framing(&self) -> (Option<u64>, bool) {
        (self.fields.length(), self.fields.is_chunked())
    }

    /// Reads on, through so many fields at most; how many octets belong to the head once it has ended.
    pub(super) fn read(&mut self, bytes: &[u8], most: u16) -> Result<Option<usize>, Fault> {
        let mut rest = match self.at {
            At::Start => self.read_at_once(bytes),
            _ => bytes,
        };
        while let Some((octet, after)) = rest.split_first() {
            rest = match self.at {
                At::Start => {
                    self.at = self.front(0, *octet)?;
                    after
                }
                At::Front(place) => {
                    self.at = self.front(place, *octet)?;
                    after
                }
                At::Space => {
                    self.at = match octet {
                        b' ' => At::Reason,
                        // The space before an empty reason is left out by many, and nobody reads that in two ways.
                        b'\r' => At::LineFeed,
                        b'\n' => return Err(Fault::LineEnd),
                        _ => return Err(Fault::StatusLine),
                    };
                    after
                }
                At::Reason => {
                    let (_, end) = rest.split_at_checked(text_length(rest)).unwrap_or_default();
                    match end.split_first() {
                        None => return Ok(None),
                        Some((b'\r', after)) => {
                            self.at = At::LineFeed;
                            after
                        }
                        Some((b'\n', _)) => return Err(Fault::LineEnd),
                        Some(_) => return Err(Fault::Control),
                    }
                }
                At::LineFeed if *octet == b'\n' => {
                    self.at = At::Fields;
                    after
                }
                At::LineFeed => return Err(Fault::LineEnd),
                At::Fields => {
                    let before = bytes.len() - rest.len();
                    return Ok(self.fields.read(rest, most)?.map(|used| before + used));
                }
            };
        }
        Ok(None)
    }

    /// Nearly every status line arrives whole; then its front is compared as one.
    fn read_at_once<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(([front @ .., minor, b' ', a, b, c], rest)) = bytes.split_first_chunk::<12>() else {
            return bytes;
        };
        let digits = [a, b, c].map(|digit| digit.wrapping_sub(b'0'));
        let plain = front == VERSION && digits.iter().all(|digit| *digit < 10);
        let [hundreds, tens, ones] = digits.map(u16::from);
        if !plain || !matches!(minor, b'0' | b'1') || !matches!(hundreds, 1..=9) {
            return bytes;
        }
        self.old = *minor == b'0';
        self.status = hundreds * 100 + tens * 10 + ones;
        let end = control_at(rest, 0);
        if let Some(([b' ', ..], [b'\r', b'\n', rest @ ..])) = rest.split_at_checked(end) {
            self.at = At::Fields;
            return rest;
        }
        self.at = At::Space;
        rest
    }

    /// One octet of `HTTP/1.x ddd`.
    fn front(&mut self, place: u8, octet: u8) -> Result<At, Fault> {
        let fits = match place {
            // Who says HTTP means it: only the number is wrong.
            5 | 6 if octet != *VERSION.get(usize::from(place)).unwrap_or(&0) => return Err(Fault::Version),
            0..7 => VERSION.get(usize::from(place)) == Some(&octet),
            7 if !matches!(octet, b'0' | b'1') => return Err(Fault::Version),
            7 => {
                self.old = octet == b'0';
                true
            }
            8 => octet == b' ',
            9 => matches!(octet, b'1'..=b'9'),
            _ => octet.is_ascii_digit(),
        };
        if !fits {
            return Err(Fault::StatusLine);
        }
        if place >= 9 {
            self.status = self.status * 10 + u16::from(octet - b'0');
        }
        Ok(if place == 11 {
            At::Space
        } else {
            At::Front(place + 1)
        })
    }
}
