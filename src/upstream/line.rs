//! What an answer comes on, beyond its body.

use crate::upstream::tunnel::Link;

/// The hold on it. Dropped, it ends what is still under way.
#[derive(Debug)]
pub enum Line {
    /// Held by the body, and kept or closed with it: a connection, or a stream of one that carries many.
    Own,
    /// A connection that is no longer HTTP.
    Switched(Box<Link>),
}
