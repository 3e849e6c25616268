//! HTTP/1.1 to a server, over a connection that is read and written by the task of the request it carries: what
//! a head weighs on its way is one copy, and nobody else has to be woken. What the server sends is vetted
//! octet by octet before anything is made of it. Only an answer that overtakes its request gets a task of its own.

mod conn;
mod head;
mod inbox;
mod outbox;

pub(super) use conn::{Broke, Conn, Listeners};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
