//! Whose fault a refusal is: what the client broke is its own affair, the rest is the operator's.

use super::Refusal;

/// Who has to change something for the request to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The client.
    Client,
    /// This gateway.
    Gateway,
    /// The application behind it.
    Upstream,
}

impl Refusal {
    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::TooManyConnections | Self::Exhausted | Self::RequestBufferFull => return Blame::Gateway,
            // The client did nothing wrong.
            Self::LengthRequired => return Blame::Upstream,
            _ => {}
        }
        match self.status().as_u16() {
            400..=499 | 501 | 505 => Blame::Client,
            500 => Blame::Gateway,
            _ => Blame::Upstream,
        }
    }
}
