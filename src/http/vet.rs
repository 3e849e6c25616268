//! Vets what a server sends, octet for octet, before any parser reads meaning into it: one answer to each
//! request, its head in the grammar of RFC 9112, its end told in one way. A state machine over slices in the
//! order they arrive; however they are cut, the verdict is the same. It tells its reader what each octet is, and copies
//! and changes nothing.

mod chunks;
mod fault;
mod fields;
mod head;

pub use fault::Fault;

use chunks::Chunks;
use head::Head;

/// The most octets of one head: of honest ones few have a tenth.
const HEAD: usize = 64 * 1024;
/// The most octets of all heads before an answer's body: interim answers come before it without a limit of their own.
const HEADS: usize = 256 * 1024;
/// The most interim answers to one request. A server that works for an hour and says so every minute stays below.
const INTERIM: u8 = 64;

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
    persists: bool,
}

/// What the octets in front are, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Of a head that goes on.
    Head(usize),
    /// The end of the head of an interim answer, and its status.
    Interim(usize, u16),
    /// The end of the head of the answer, and its status.
    Answer(usize, u16),
    /// Of the body.
    Data(usize),
    /// What stands around the chunks of a body.
    Framing(usize),
    /// Of the field lines after a body, up to the empty one.
    Trailers(usize),
}

impl Part {
    /// How many octets it has.
    pub fn octets(&self) -> usize {
        match *self {
            Self::Head(octets)
            | Self::Interim(octets, _)
            | Self::Answer(octets, _)
            | Self::Data(octets)
            | Self::Framing(octets)
            | Self::Trailers(octets) => octets,
        }
    }
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

impl Default for Vet {
    fn default() -> Self {
        Self {
            place: Place::Rest,
            asked: Asked::Plain,
            head: Head::default(),
            chunks: Chunks::default(),
            octets: (0, 0),
            interim: 0,
            persists: false,
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
    }

    /// Whether no answer is under way.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.place, Place::Rest)
    }

    /// Whether the head of an answer is awaited or has begun.
    pub fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Whether the next octet is of what stands around the chunks of a body, or of its trailers.
    pub fn is_between_chunks(&self) -> bool {
        matches!(self.place, Place::Chunks) && !self.chunks.is_in_chunk()
    }

    /// Whether the connection ends the answer, rather than the answer itself.
    pub fn ends_with_connection(&self) -> bool {
        matches!(self.place, Place::UntilClose)
    }

    /// Whether the last answer is of a version in which connections go on unless they are said to end (RFC 9112 §9.3).
    pub fn persists(&self) -> bool {
        self.persists
    }

    /// Octets of the body that are still to come, if that was told; none if there are none.
    pub fn left(&self) -> Option<u64> {
        match self.place {
            Place::Rest => Some(0),
            Place::Length(left) => Some(left),
            Place::Head | Place::Chunks | Place::UntilClose | Place::Other => None,
        }
    }

    /// Looks at the next octets, as far as they are all of one kind. To be asked while an answer is under way; what is
    /// beyond its end belongs to nothing.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Part, Fault> {
        match &mut self.place {
            Place::Rest => Ok(Part::Framing(0)),
            Place::Head => self.next_of_head(bytes),
            Place::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let used = bytes.len().min(most);
                *left -= used as u64;
                if *left == 0 {
                    self.place = Place::Rest;
                }
                Ok(Part::Data(used))
            }
            Place::Chunks => {
                let part = self.chunks.next(bytes)?;
                if self.chunks.is_over() {
                    self.place = Place::Rest;
                }
                Ok(part)
            }
            Place::UntilClose | Place::Other => Ok(Part::Data(bytes.len())),
        }
    }

    fn next_of_head(&mut self, bytes: &[u8]) -> Result<Part, Fault> {
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
        if ended.is_none() {
            return Ok(Part::Head(used));
        }
        self.octets.0 = 0;
        let status = self.head.status();
        self.place = self.follows(status)?;
        self.persists = self.head.is_current();
        self.head = Head::default();
        if matches!(self.place, Place::Head) {
            return Ok(Part::Interim(used, status));
        }
        if matches!(status, 204 | 304) && used < bytes.len() {
            return Err(Fault::BodyForbidden);
        }
        Ok(Part::Answer(used, status))
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
