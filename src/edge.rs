//! Floor 7: sockets to requests. Here a connection is accepted or shed, read as HTTP, and ended politely.

pub mod accept;
pub mod connection;
pub mod door;
pub mod doors;
pub mod tap;
mod tunnel;
