//! What goes out and what comes in, octet for octet, over pipes as narrow as the test likes.

mod conn;
mod inbox;
mod outbox;
