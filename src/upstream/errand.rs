//! What a request is sent with beside itself, and what comes of it.

use std::sync::Arc;

use http::response;

use crate::http::connection::Pinned;
use crate::http::consent::Consent;
use crate::http::inflow::Inflow;
use crate::http::message::Message;
use crate::http::refusal::Refusal;
use crate::upstream::deadline::Waits;
use crate::upstream::line::Line;
use crate::upstream::watch::Upload;

/// An answer, its body still on the wire.
#[derive(Debug)]
pub struct Answer {
    /// Its head.
    pub head: response::Parts,
    /// Its body.
    pub body: Inflow,
    /// What it comes on.
    pub line: Line,
}

/// What sending needs to know beside the request.
pub struct Errand<'a> {
    /// What watches the body, if it has one that is streamed.
    pub upload: Option<&'a Arc<Upload>>,
    /// Who sends.
    pub worker: usize,
    /// How long is waited.
    pub waits: Waits<'a>,
    /// The client has many answers at once.
    pub one_of_many: bool,
    /// Who is told that the server wants the body, where the client waits for that.
    pub consent: Option<&'a Consent>,
    /// Writes the same head once more, without a body: a copy of each, kept for the few that are sent again,
    /// would cost more than all else here.
    pub again: &'a (dyn Fn() -> Option<Message> + Sync),
    /// What announces the client, where the servers are told (see
    /// [`Upstream::announces`](crate::upstream::Upstream::announces)). A connection that speaks for one client is used for
    /// nobody else; empty where none does.
    pub client: Box<[u8]>,
    /// Where connections wait that belong to the client's, where it can have such ones: else one on which a login may hold
    /// serves one request.
    pub pinned: Option<&'a Pinned>,
}

/// The message, to be sent.
pub(super) fn take(message: &mut Option<Message>) -> Result<Message, Refusal> {
    message.take().ok_or(Refusal::Internal)
}
