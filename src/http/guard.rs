//! The guard over what an HTTP/1.1 client sends: says how far the bytes are clean, before any parser reads
//! meaning into them. It follows the framing from message to message (RFC 9112 §6), and whatever two parsers
//! could read in two ways is a fault. It holds no bytes and changes none, so what passes is what was sent.

pub mod chunks;
pub mod fault;
pub mod field;
pub mod head;
mod line;
mod octets;
pub mod request_line;
pub mod seen;

use chunks::Chunks;
use fault::Fault;
use head::Head;

/// The bounds of a head; a chunked body's are in [`chunks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request line and fields together.
    pub head: usize,
    /// Bytes of the request target.
    pub target: usize,
    /// Fields of a head, and of the trailers.
    pub fields: usize,
}

/// How the body of a request is framed (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes; none without `Content-Length`.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// How far bytes are clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vetted {
    /// So many may pass. What lies beyond is to be shown again, before what follows it.
    pub clean: usize,
    /// What is wrong with what lies beyond; nothing that follows may pass any more.
    pub broken: Option<Broken>,
}

/// What is wrong, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A head: there is no request.
    Head(Fault),
    /// The body of a request that has passed.
    Body(Fault),
}

/// Follows one connection.
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    stage: Stage,
    /// The request under way asks for another protocol.
    asks_to_switch: bool,
}

/// What is expected next.
#[derive(Debug)]
enum Stage {
    Head(Head),
    Length(u64),
    Chunks(Chunks),
    /// The answer decides whether what follows is HTTP at all.
    Undecided,
    /// A fault was found.
    Over,
}

impl Guard {
    /// A connection that begins with a request.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            stage: Stage::Head(Head::default()),
            asks_to_switch: false,
        }
    }

    /// Judges bytes that follow what was clean before. A head passes as a whole or not at all.
    pub fn vet(&mut self, bytes: &[u8]) -> Vetted {
        let mut clean = 0;
        loop {
            let rest = bytes.get(clean..).unwrap_or_default();
            if rest.is_empty() {
                return Vetted { clean, broken: None };
            }
            match self.step(rest) {
                Ok(Some(passed)) => clean += passed,
                Ok(None) => return Vetted { clean, broken: None },
                Err((passed, broken)) => {
                    self.stage = Stage::Over;
                    return Vetted {
                        clean: clean + passed,
                        broken: Some(broken),
                    };
                }
            }
        }
    }

    /// What of the bytes passes at once; none while more must be seen.
    fn step(&mut self, rest: &[u8]) -> Result<Option<usize>, (usize, Broken)> {
        match &mut self.stage {
            Stage::Head(head) => {
                let vetted = head.vet(rest, &self.limits);
                let Some(length) = vetted.map_err(|fault| (0, Broken::Head(fault)))? else {
                    return Ok(None);
                };
                self.asks_to_switch = head.asks_to_switch();
                match head.framing() {
                    Framing::Length(0) => self.next(),
                    Framing::Length(left) => self.stage = Stage::Length(left),
                    Framing::Chunked => self.stage = Stage::Chunks(Chunks::new(self.limits.fields)),
                }
                Ok(Some(length))
            }
            Stage::Length(left) => {
                let there = rest.len() as u64;
                let passed = there.min(*left);
                *left -= passed;
                if *left == 0 {
                    self.next();
                }
                // No more than there are bytes.
                Ok(Some(usize::try_from(passed).unwrap_or(rest.len())))
            }
            Stage::Chunks(chunks) => {
                let vetted = chunks.vet(rest);
                let passed = vetted.map_err(|(clean, fault)| (clean, Broken::Body(fault)))?;
                if chunks.is_done() {
                    self.next();
                }
                Ok((passed > 0).then_some(passed))
            }
            Stage::Undecided | Stage::Over => Ok(None),
        }
    }

    /// A request is over.
    fn next(&mut self) {
        self.stage = if self.asks_to_switch {
            Stage::Undecided
        } else {
            Stage::Head(Head::default())
        };
    }

    /// Whether nothing passes until it is known if the connection stays HTTP: after a request with `Upgrade`
    /// the next bytes belong to the protocol that its answer chooses (RFC 9110 §7.8).
    pub fn is_undecided(&self) -> bool {
        matches!(self.stage, Stage::Undecided)
    }

    /// The connection stays HTTP.
    pub fn stay(&mut self) {
        if self.is_undecided() {
            self.stage = Stage::Head(Head::default());
        }
    }

    /// Whether a head is expected, of which part may have been seen.
    pub fn is_at_head(&self) -> bool {
        matches!(self.stage, Stage::Head(_))
    }

    /// Whether nothing passes any more.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Nothing passes any more.
    pub fn end(&mut self) {
        self.stage = Stage::Over;
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests;
