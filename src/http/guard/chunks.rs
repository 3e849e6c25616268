//! The framing of a chunked body (RFC 9112 §7.1): the lines between the data and the trailers after it. Data is
//! only counted. A line passes when it is complete, a byte of it never before.

use super::fault::Fault;
use super::octets::is_blank;
use super::{field, line};

/// Digits of a chunk's size; the bodies they cannot measure nobody can send.
pub const SIZE_DIGITS: usize = 15;
/// Bytes of the extensions of one chunk. Signatures need about a hundred.
pub const EXTENSION: usize = 256;
/// Bytes of all extensions of a body.
pub const EXTENSIONS: usize = 8 << 10;
/// Bytes of all trailers.
pub const TRAILERS: usize = 8 << 10;

/// How far a chunked body has come.
#[derive(Debug)]
pub struct Chunks {
    part: Part,
    /// How much of the present line was searched.
    scanned: usize,
    extensions: usize,
    trailers: usize,
    fields: usize,
    most_fields: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Size,
    Data(u64),
    DataEnd,
    Trailer,
    Done,
}

impl Chunks {
    /// A body that begins, with at most so many fields of trailers.
    pub fn new(most_fields: usize) -> Self {
        Self {
            part: Part::Size,
            scanned: 0,
            extensions: 0,
            trailers: 0,
            fields: 0,
            most_fields,
        }
    }

    /// Whether the body is over.
    pub fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    /// How many of the bytes are clean; what is left belongs to a line that is not complete, or is no longer
    /// of this body. With a fault comes the number of those before it.
    pub fn vet(&mut self, bytes: &[u8]) -> Result<usize, (usize, Fault)> {
        let mut clean = 0;
        loop {
            let rest = bytes.get(clean..).unwrap_or_default();
            if rest.is_empty() || self.is_done() {
                return Ok(clean);
            }
            match self.step(rest).map_err(|fault| (clean, fault))? {
                Some(passed) => clean += passed,
                None => return Ok(clean),
            }
        }
    }

    fn step(&mut self, rest: &[u8]) -> Result<Option<usize>, Fault> {
        match self.part {
            Part::Size => self.take_line(rest, SIZE_DIGITS + EXTENSION, Self::size),
            Part::Trailer => {
                let left = TRAILERS.saturating_sub(self.trailers);
                self.take_line(rest, left, Self::trailer)
            }
            Part::Data(left) => {
                let passed = left.min(rest.len() as u64);
                self.part = if passed == left {
                    Part::DataEnd
                } else {
                    Part::Data(left - passed)
                };
                // No more than there are bytes.
                Ok(Some(usize::try_from(passed).unwrap_or(rest.len())))
            }
            Part::DataEnd => match rest {
                [b'\r', b'\n', ..] => {
                    self.part = Part::Size;
                    Ok(Some(2))
                }
                [b'\r'] => Ok(None),
                _ => Err(Fault::ChunkEnd),
            },
            Part::Done => Ok(None),
        }
    }

    /// Takes a line of at most so many bytes, if it is complete.
    fn take_line(
        &mut self,
        rest: &[u8],
        most: usize,
        take: impl FnOnce(&mut Self, &[u8]) -> Result<(), Fault>,
    ) -> Result<Option<usize>, Fault> {
        let window = rest.get(..most + 2).unwrap_or(rest);
        match line::end(window, &mut self.scanned)? {
            Some(length) => {
                take(self, window.get(..length).unwrap_or_default())?;
                Ok(Some(length + 2))
            }
            None if rest.len() <= window.len() => Ok(None),
            None if self.part == Part::Trailer => Err(Fault::TrailersTooLarge),
            None => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                Err(if digits > SIZE_DIGITS {
                    Fault::ChunkSize
                } else {
                    Fault::ChunkExtension
                })
            }
        }
    }

    fn size(&mut self, line: &[u8]) -> Result<(), Fault> {
        let digits = line
            .iter()
            .position(|byte| !byte.is_ascii_hexdigit())
            .unwrap_or(line.len());
        let (digits, extension) = line.split_at_checked(digits).ok_or(Fault::ChunkSize)?;
        if digits.is_empty() || digits.len() > SIZE_DIGITS {
            return Err(Fault::ChunkSize);
        }
        // White space may stand before a semicolon and nowhere else (§7.1.1).
        let named = extension.iter().find(|byte| !is_blank(**byte));
        if !extension.is_empty() && named != Some(&b';') {
            return Err(Fault::ChunkSize);
        }
        self.extensions += extension.len();
        if extension.len() > EXTENSION || self.extensions > EXTENSIONS {
            return Err(Fault::ChunkExtension);
        }
        let size = digits.iter().fold(0, |size, digit| size << 4 | value(*digit));
        self.part = if size == 0 {
            Part::Trailer
        } else {
            Part::Data(size)
        };
        Ok(())
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), Fault> {
        if line.is_empty() {
            self.part = Part::Done;
            return Ok(());
        }
        (self.trailers, self.fields) = (self.trailers + line.len() + 2, self.fields + 1);
        if self.fields > self.most_fields {
            return Err(Fault::TrailersTooLarge);
        }
        field::read(line).map(|_| ()).map_err(|_| Fault::Trailer)
    }
}

/// What a hexadecimal digit stands for.
fn value(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vet(body: &str) -> Result<usize, Fault> {
        let mut chunks = Chunks::new(3);
        let clean = chunks.vet(body.as_bytes()).map_err(|(_, fault)| fault)?;
        assert!(chunks.is_done(), "{body:?} is not complete");
        Ok(clean)
    }

    #[test]
    fn a_sound_body_passes_to_its_last_byte_and_no_further() {
        for body in [
            "0\r\n\r\n",
            "000\r\n\r\n",
            "4\r\nbody\r\n0\r\n\r\n",
            "4;a=b\r\nbody\r\n0 ;x\r\nA: b\r\nC:\r\n\r\n",
            "A\r\n0123456789\r\n1\r\n\0\r\n0\r\n\r\n",
        ] {
            assert_eq!(vet(&format!("{body}GET")), Ok(body.len()), "{body:?}");
        }
    }

    #[test]
    fn a_size_is_hexadecimal_digits_alone() {
        for line in [
            "",
            "g",
            "-1",
            "+1",
            "0x1",
            " 1",
            "1 ",
            "1 2",
            "1\t",
            "1x",
            "1,",
            "1000000000000000",
            ";a",
            "\u{661}",
        ] {
            assert_eq!(
                vet(&format!("{line}\r\nx\r\n0\r\n\r\n")),
                Err(Fault::ChunkSize),
                "{line:?}"
            );
        }
    }

    #[test]
    fn only_whole_lines_count_and_nothing_between_them() {
        assert_eq!(vet("4\nbody\r\n0\r\n\r\n"), Err(Fault::BareLf));
        assert_eq!(vet("4\rbody\r\n0\r\n\r\n"), Err(Fault::BareCr));
        assert_eq!(vet("4;a\nb\r\nbody\r\n0\r\n\r\n"), Err(Fault::BareLf));
        assert_eq!(vet("4;a\0b\r\nbody\r\n0\r\n\r\n"), Err(Fault::Control));
        for body in [
            "4\r\nbodyX\r\n",
            "4\r\nbody\n\n",
            "4\r\nbody\r\r",
            "4\r\nbody0\r\n",
        ] {
            assert_eq!(vet(body), Err(Fault::ChunkEnd), "{body:?}");
        }
    }

    #[test]
    fn extensions_have_bounds() {
        let with = |length: usize| format!("1;{}\r\nx\r\n", "e".repeat(length - 1));
        assert!(vet(&format!("{}0\r\n\r\n", with(EXTENSION))).is_ok());
        assert_eq!(vet(&with(EXTENSION + 1)), Err(Fault::ChunkExtension));
        assert_eq!(vet(&with(EXTENSION * 9)), Err(Fault::ChunkExtension));
        let many = with(EXTENSION).repeat(EXTENSIONS / EXTENSION + 1);
        assert_eq!(vet(&many), Err(Fault::ChunkExtension));
    }

    #[test]
    fn trailers_are_fields_with_bounds() {
        for line in ["no colon", "a : b", " folded", ": x"] {
            assert_eq!(
                vet(&format!("0\r\n{line}\r\n\r\n")),
                Err(Fault::Trailer),
                "{line}"
            );
        }
        assert_eq!(vet("0\r\nA: \0\r\n\r\n"), Err(Fault::Control));
        assert_eq!(vet("0\r\nA: b\n\r\n"), Err(Fault::BareLf));
        assert_eq!(
            vet("0\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"),
            Err(Fault::TrailersTooLarge)
        );
        let long = format!("0\r\nA: {}", "x".repeat(TRAILERS));
        assert_eq!(vet(&long), Err(Fault::TrailersTooLarge));
    }
}
