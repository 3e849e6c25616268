//! A body in chunks: sizes, the octets they announce, and trailers (RFC 9112 §7.1). Extensions are let by, within bounds.

use super::Part;
use super::fault::Fault;
use super::fields::Fields;
use crate::http::octets::text_length;

/// Digits of a size: more would not fit a signed number of 64 bits.
const DIGITS: u8 = 15;
/// Octets of one chunk's extensions, and of all extensions of a body.
const EXTENSION: u16 = 256;
const EXTENSIONS: u16 = 16 * 1024 - 1;
/// The most fields of the trailers, and their octets.
const TRAILER_FIELDS: u16 = 100;
const TRAILERS: usize = 16 * 1024;

/// A body as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    at: At,
    left: u64,
    /// Octets of the present chunk's extensions, and of all.
    extension: (u16, u16),
    trailers: (Fields, usize),
}

/// What the next octet belongs to.
#[derive(Debug, Default, Clone, Copy)]
enum At {
    /// A size with so many digits.
    #[default]
    Line,
    Size(u8),
    /// White space after the size, that only an extension excuses.
    Space,
    Extension,
    LineFeed,
    Octets,
    End,
    EndLineFeed,
    Trailers,
    /// Nothing: the body has ended.
    Over,
}

impl Chunks {
    /// Whether the next octet is one of a chunk.
    pub(super) fn is_in_chunk(&self) -> bool {
        matches!(self.at, At::Octets)
    }

    /// Whether the empty line after it has come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.at, At::Over)
    }

    /// Reads on, as far as the octets are all of one kind.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Part, Fault> {
        match self.at {
            At::Octets => return Ok(Part::Data(self.pass(bytes))),
            At::Trailers => return self.trail(bytes).map(Part::Trailers),
            _ => {}
        }
        let mut rest = bytes;
        while let Some((octet, after)) = rest.split_first() {
            rest = match (self.at, octet) {
                (At::Octets | At::Trailers | At::Over, _) => break,
                (At::Extension, _) => self.extend(rest)?,
                (at, octet) => {
                    self.at = self.step(at, *octet).ok_or(Fault::Chunk)?;
                    after
                }
            };
        }
        Ok(Part::Framing(bytes.len() - rest.len()))
    }

    /// One octet of what stands around the chunks.
    fn step(&mut self, at: At, octet: u8) -> Option<At> {
        Some(match (at, octet) {
            (At::Line, _) => {
                self.left = u64::from(hex(octet)?);
                At::Size(1)
            }
            (At::Size(_) | At::Space, b';') => {
                self.extension.0 = 0;
                At::Extension
            }
            (At::Size(_) | At::Space, b' ' | b'\t') => self.spend(1).map(|()| At::Space)?,
            (At::Size(_), b'\r') => At::LineFeed,
            (At::Size(digits @ ..DIGITS), octet) => {
                self.left = self.left << 4 | u64::from(hex(octet)?);
                At::Size(digits + 1)
            }
            (At::LineFeed, b'\n') if self.left == 0 => At::Trailers,
            (At::LineFeed, b'\n') => At::Octets,
            (At::End, b'\r') => At::EndLineFeed,
            (At::EndLineFeed, b'\n') => At::Line,
            _ => return None,
        })
    }

    fn pass(&mut self, bytes: &[u8]) -> usize {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let used = bytes.len().min(most);
        self.left -= used as u64;
        if self.left == 0 {
            self.at = At::End;
        }
        used
    }

    fn extend<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let (text, rest) = bytes.split_at_checked(text_length(bytes)).unwrap_or_default();
        self.spend(text.len()).ok_or(Fault::Chunk)?;
        match rest.split_first() {
            None => Ok(rest),
            Some((b'\r', rest)) => {
                self.at = At::LineFeed;
                Ok(rest)
            }
            Some(_) => Err(Fault::Chunk),
        }
    }

    fn spend(&mut self, octets: usize) -> Option<()> {
        let octets = u16::try_from(octets).ok()?;
        let (one, all) = self.extension;
        self.extension = (one.checked_add(octets)?, all.checked_add(octets)?);
        (self.extension.0 <= EXTENSION && self.extension.1 <= EXTENSIONS).then_some(())
    }

    fn trail(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let (fields, octets) = &mut self.trailers;
        let ended = fields.read(bytes, TRAILER_FIELDS).map_err(|_| Fault::Trailer)?;
        let used = ended.unwrap_or(bytes.len());
        *octets += used;
        // A length after the body is a second answer to a question that has been answered (RFC 9110 §6.5.1).
        if *octets > TRAILERS || fields.length().is_some() || fields.is_chunked() {
            return Err(Fault::Trailer);
        }
        if ended.is_some() {
            self.at = At::Over;
        }
        Ok(used)
    }
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}
