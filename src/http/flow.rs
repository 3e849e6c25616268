//! How a body ends, and why one ends before its end.

use std::io;

use crate::http::pace::TooSlow;

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    /// More bytes than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// A deadline ran out.
    #[error("the body is too slow ({0:?})")]
    TooSlow(TooSlow),
    /// The sender's connection broke.
    #[error("the body broke off")]
    Sender(#[source] hyper::Error),
    /// The same, of a connection to a server.
    #[error("the body broke off")]
    Broken(#[source] io::Error),
    /// Nobody wants the rest of it.
    #[error("the rest of the body is not wanted")]
    Unwanted,
    /// It could not be gzipped.
    #[error("the body could not be gzipped")]
    Coding,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To its last byte.
    Complete,
    /// The receiver lost interest: its connection is gone.
    Abandoned,
    /// The sender's connection broke, or what it sent was no body.
    Broken,
    /// Cut by us: too large.
    TooLarge,
    /// Cut by us: too slow.
    TooSlow(TooSlow),
    /// Cut by us: the receiver takes nothing.
    Stalled,
    /// Cut by us: the receiver takes too little.
    Lagging,
    /// Ended by us: the listener closes.
    Drained,
}

impl BodyFault {
    /// How a body with this fault ended.
    pub fn end(&self) -> End {
        match self {
            Self::TooLarge(_) => End::TooLarge,
            Self::TooSlow(why) => End::TooSlow(*why),
            Self::Sender(_) | Self::Broken(_) | Self::Coding | Self::Unwanted => End::Broken,
        }
    }
}
