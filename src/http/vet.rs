//! Vets what a server sends, octet for octet, before any parser reads meaning into it: one answer to each
//! request, its head in the grammar of RFC 9112, its end told in one way. A state machine over slices in the
//! order they arrive; however they are cut, the verdict is the same. It tells its reader what each octet is, and copies
//! and changes nothing.

mod chunks;
mod fault;
mod fields;
mod head;
mod mend;
mod part;
mod repair;
mod rules;

pub use fault::Fault;
pub use part::Part;
pub use repair::{Repair, Repairs};
pub use rules::{Asked, Rules};

use bytes::Bytes;
use chunks::Chunks;
use head::Head;

/// The most octets of all heads before an answer's body: interim answers come before it without a limit of their own.
const HEADS: usize = 256 * 1024;
/// The most interim answers to one request. A server that works for an hour and says so every minute stays below.
const INTERIM: u8 = 64;

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
    current: bool,
    rules: Rules,
    /// What was put right since the request.
    repairs: Repairs,
}

/// What the next octet belongs to.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Nothing: the last answer is over, or none was asked for.
    Rest,
    Head,
    /// A head with this fault, of which more must come before it can be put right.
    Odd(Fault),
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
            current: false,
            rules: Rules::default(),
            repairs: Repairs::default(),
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
        self.repairs = Repairs::default();
    }

    /// What the server is held to from here on.
    pub fn hold_to(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Whether no answer is under way.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.place, Place::Rest)
    }

    /// Whether the head of an answer is awaited or has begun.
    pub fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head | Place::Odd(_))
    }

    /// Whether the next octet is of what stands around the chunks of a body, or of its trailers.
    pub fn is_between_chunks(&self) -> bool {
        matches!(self.place, Place::Chunks) && !self.chunks.is_in_chunk()
    }

    /// Whether the connection ends the answer, rather than the answer itself.
    pub fn ends_with_connection(&self) -> bool {
        matches!(self.place, Place::UntilClose)
    }

    /// Whether the last answer is of HTTP/1.1.
    pub fn is_current(&self) -> bool {
        self.current
    }

    /// Whether the connection goes on unless it is said to end (RFC 9112 §9.3). After a head in doubt it had better not.
    pub fn persists(&self) -> bool {
        self.current && !self.repairs.leave_doubt()
    }

    /// What was put right since the request.
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// Octets of the body that are still to come, if that was told; none if there are none.
    pub fn left(&self) -> Option<u64> {
        match self.place {
            Place::Rest => Some(0),
            Place::Length(left) => Some(left),
            Place::Head | Place::Odd(_) | Place::Chunks | Place::UntilClose | Place::Other => None,
        }
    }

    /// Looks at the next octets, as far as they are all of one kind. To be asked while an answer is under way; what is
    /// beyond its end belongs to nothing.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Part, Fault> {
        match &mut self.place {
            Place::Rest => Ok(Part::Framing(0)),
            Place::Head => self.next_of_head(bytes),
            Place::Odd(fault) => Err(*fault),
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

    /// After a fault in a head, of which these are all octets so far: the head as it should have been, and where it ended.
    /// None as long as more of it must come.
    #[cold]
    pub fn mend(&mut self, fault: Fault, bytes: &[u8]) -> Result<Option<(Part, Bytes)>, Fault> {
        let tolerated = self.rules.tolerated;
        if !self.is_in_head() || !mend::may_help(fault, bytes, tolerated) {
            return Err(fault);
        }
        let length = mend::length(bytes);
        if length.unwrap_or(bytes.len()) > self.rules.max_head {
            return Err(Fault::HeadTooLarge);
        }
        self.place = Place::Odd(fault);
        let Some(length) = length else {
            return Ok(None);
        };
        let (clean, repairs) = mend::mend(bytes.get(..length).unwrap_or_default(), tolerated)?;
        // From its beginning once more.
        self.place = Place::Head;
        self.head = Head::default();
        self.octets.1 = self.octets.1.saturating_sub(self.octets.0);
        self.octets.0 = 0;
        self.repairs = self.repairs.with(repairs);
        match self.next_of_head(&clean)? {
            Part::Interim(_, status) => Ok(Some((Part::Interim(length, status), clean.into()))),
            Part::Answer(_, status) => Ok(Some((Part::Answer(length, status), clean.into()))),
            _ => Err(fault),
        }
    }

    fn next_of_head(&mut self, bytes: &[u8]) -> Result<Part, Fault> {
        let ended = self.head.read(bytes, self.rules.max_fields)?;
        let used = ended.unwrap_or(bytes.len());
        self.octets.0 += used;
        self.octets.1 += used;
        if self.octets.0 > self.rules.max_head {
            return Err(Fault::HeadTooLarge);
        }
        if self.octets.1 > HEADS.max(self.rules.max_head) {
            return Err(Fault::Interim);
        }
        if ended.is_none() {
            return Ok(Part::Head(used));
        }
        self.octets.0 = 0;
        let status = self.head.status();
        self.place = self.follows(status)?;
        self.current = self.head.is_current();
        if status >= 600 {
            self.repairs.add(Repair::Status);
        }
        self.head = Head::default();
        if matches!(self.place, Place::Head) {
            return Ok(Part::Interim(used, status));
        }
        Ok(Part::Answer(used, status))
    }

    /// What comes after a head (RFC 9112 §6.3).
    fn follows(&mut self, status: u16) -> Result<Place, Fault> {
        let (length, chunked) = self.head.framing();
        // HTTP/1.0 knows no codings, so a proxy of that age passes them on without undoing them.
        if chunked && !self.head.is_current() {
            if !self.rules.tolerated.has(Repair::ChunksInHttp10) {
                return Err(Fault::TransferEncoding);
            }
            self.repairs.add(Repair::ChunksInHttp10);
        }
        if chunked && length.is_some() {
            return Err(Fault::TwoFramings);
        }
        let has_body = chunked || length.is_some_and(|length| length > 0);
        Ok(match status {
            101 if self.asked != Asked::Switch => return Err(Fault::Switch),
            // Nobody may say that these have a body (RFC 9110 §8.6, RFC 9112 §6.1): whoever believes it waits
            // for one, or takes it for the next answer.
            100..200 | 204 if has_body => return Err(Fault::BodyForbidden),
            101 => Place::Other,
            100..200 => {
                self.interim += 1;
                if self.interim > INTERIM {
                    return Err(Fault::Interim);
                }
                Place::Head
            }
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
