//! What an answer comes on, beyond its body.

use crate::upstream::http2::Stream;
use crate::upstream::tunnel::Link;

/// The hold on it. Dropped, it ends what is still under way.
#[derive(Debug)]
pub enum Line {
    /// A connection that is kept or closed with the body.
    Own,
    /// A connection that is no longer HTTP.
    Switched(Box<Link>),
    /// A stream of a connection that carries many.
    Shared(Stream),
}
