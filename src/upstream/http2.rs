//! HTTP/2 to a server: connections that carry many requests, what is written to them and read off them, and the health
//! check that is asked over one. Which request goes where is not decided here.

mod body_sender;
mod failure;
mod head;
mod incoming;
mod instrumented;
mod keepalive;
mod link;
mod multiplex;
mod observer;
mod outgoing;
pub(super) mod question;
mod repair;

pub(super) use failure::{Failure, is_idempotent, is_unread};
pub(super) use head::part;
pub(super) use incoming::{Hold, Incoming};
pub(super) use link::{Link, Seat};
pub(super) use multiplex::{Multiplex, Outcome};
pub(super) use outgoing::{Outgoing, Source};
pub(super) use repair::repair;
