//! Vets what a server sends, octet for octet, before any parser reads meaning into it: one answer to each
//! request, its head in the grammar of RFC 9112, its end told in one way. A state machine over slices in the
//! order they arrive; however they are cut, the verdict is the same. It copies nothing and changes nothing.

mod chunks;
mod fault;
mod fields;
mod head;

pub use fault::Fault;

use chunks::Chunks;
use head::Head;

/// The most octets of one head. hyper reads no more before it gives up.
const HEAD: usize = 64 * 1024;
/// The most octets of all heads before an answer's body: interim answers come before it without a limit of their own.
const HEADS: usize = 256 * 1024;
/// The most interim answers to one request. A server that works for an hour and says so every minute stays below.
const INTERIM: u8 = 64;
/// Hints for browsers, the one interim answer that is passed on (RFC 8297).
const EARLY_HINTS: u16 = 103;

/// What an answer is an answer to, as far as that tells how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Any request but those below.
    Plain,
    /// HEAD: the answer has no body, whatever its head says.
    Head,
    /// A handshake: a 101 may answer it, and what follows that is no HTTP.
    Switch,
}

/// The answers of one connection.
#[derive(Debug)]
pub struct Vet {
    place: Place,
    asked: Asked,
    head: Head,
    chunks: Chunks,
    /// Octets of the head at hand, and of all heads since the request.
    octets: (usize, usize),
    interim: u8,
    /// A hint that is arriving, and those that have.
    hints: (Vec<u8>, Vec<u8>),
}

/// What the next octet belongs to.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Nothing: the last answer is over, or none was asked for.
    Rest,
    Head,
    /// So many octets of a body.
    Length(u64),
    Chunks,
    /// A body that ends with the connection.
    UntilClose,
    /// What was switched to.
    Other,
}

impl Asked {
    /// As a number, to keep it in an atomic.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Back from its number.
    pub fn numbered(number: u8) -> Option<Self> {
        [Self::Plain, Self::Head, Self::Switch]
            .get(usize::from(number))
            .copied()
    }
}

impl Default for Vet {
    fn default() -> Self {
        Self {
            place: Place::Rest,
            asked: Asked::Plain,
            head: Head::default(),
            chunks: Chunks::default(),
            octets: (0, 0),
            interim: 0,
            hints: Default::default(),
        }
    }
}

impl Vet {
    /// A request was sent: what comes next is its answer.
    pub fn begin(&mut self, asked: Asked) {
        self.place = Place::Head;
        self.asked = asked;
        self.octets = (0, 0);
        self.interim = 0;
        if !self.hints.0.is_empty() || !self.hints.1.is_empty() {
            self.hints = Default::default();
        }
    }

    /// Whether no answer is under way.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.place, Place::Rest)
    }

    /// Whether the head of an answer is awaited or has begun.
    pub fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Whether hints have come (RFC 8297).
    pub fn has_hints(&self) -> bool {
        !self.hints.1.is_empty()
    }

    /// The field lines of the hints that came since this was last asked.
    pub fn take_hints(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.hints.1)
    }

    /// Looks at the next octets and says how many of them belong to the answer. Fewer than there are: the
    /// answer is over and the rest belongs to nothing.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match &mut self.place {
                Place::Rest => break,
                Place::Head => self.read_head(rest)?,
                Place::Length(left) => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX);
                    let used = rest.len().min(most);
                    *left -= used as u64;
                    if *left == 0 {
                        self.place = Place::Rest;
                    }
                    used
                }
                Place::Chunks => match self.chunks.read(rest)? {
                    None => rest.len(),
                    Some(used) => {
                        self.place = Place::Rest;
                        used
                    }
                },
                Place::UntilClose | Place::Other => rest.len(),
            };
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(bytes.len() - rest.len())
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let ended = self.head.read(bytes)?;
        let used = ended.unwrap_or(bytes.len());
        self.octets.0 += used;
        self.octets.1 += used;
        if self.octets.0 > HEAD {
            return Err(Fault::HeadTooLarge);
        }
        if self.octets.1 > HEADS {
            return Err(Fault::Interim);
        }
        if self.head.status() == EARLY_HINTS {
            self.hint(bytes.get(..used).unwrap_or_default(), ended.is_some());
        }
        if ended.is_some() {
            self.octets.0 = 0;
            let status = self.head.status();
            self.place = self.follows(status)?;
            self.head = Head::default();
            if matches!(status, 204 | 304) && used < bytes.len() {
                return Err(Fault::BodyForbidden);
            }
        }
        Ok(used)
    }

    /// Keeps a part of a hint, from somewhere in its status line on; once it is whole, only its fields.
    #[cold]
    fn hint(&mut self, part: &[u8], whole: bool) {
        let (arriving, arrived) = &mut self.hints;
        arriving.extend_from_slice(part);
        if whole {
            let line = arriving.iter().position(|octet| *octet == b'\n').unwrap_or(0);
            arrived.extend(arriving.drain(..).skip(line + 1));
        }
    }

    /// What comes after a head (RFC 9112 §6.3).
    fn follows(&mut self, status: u16) -> Result<Place, Fault> {
        let (length, chunked) = self.head.framing()?;
        let has_body = chunked || length.is_some_and(|length| length > 0);
        Ok(match status {
            101 if self.asked == Asked::Switch => Place::Other,
            101 => return Err(Fault::Switch),
            100..200 => {
                self.interim += 1;
                if has_body || self.interim > INTERIM {
                    return Err(Fault::Interim);
                }
                Place::Head
            }
            // Nobody may say that a 204 has a body (RFC 9110 §8.6, RFC 9112 §6.1): whoever believes it waits
            // for one, or takes it for the next answer.
            204 if has_body => return Err(Fault::BodyForbidden),
            204 | 304 => Place::Rest,
            _ if self.asked == Asked::Head => Place::Rest,
            _ if chunked => {
                self.chunks = Chunks::default();
                Place::Chunks
            }
            _ => match length {
                Some(0) => Place::Rest,
                Some(length) => Place::Length(length),
                None => Place::UntilClose,
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
