//! What the octets of an answer are, as its reader is told.

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
