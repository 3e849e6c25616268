//! Floor 7: sockets to requests. Here a connection is accepted or shed, read as HTTP, and ended politely.

pub mod accept;
pub mod admin;
mod announced;
mod bare;
pub mod connection;
pub mod crew;
pub mod door;
pub mod doors;
mod entry;
mod frames;
mod greeting;
mod http2;
mod overflow;
mod places;
mod pressure;
mod screen;
mod slow_reader;
pub mod socket;
pub mod tap;
mod tls;
mod tunnel;
mod visitors;
mod wire;
