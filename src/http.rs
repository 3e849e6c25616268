//! Floor 0: the rules of HTTP and the request in flight. No I/O, no policy, no clock of its own.

pub mod accept_encoding;
pub mod body;
pub mod client;
pub mod exchange;
pub mod extended_connect;
pub mod flow;
pub mod forwarded;
pub mod frames;
pub mod gzip;
pub mod h2;
pub mod h2_guard;
pub mod handover;
pub mod hop;
pub mod host;
pub mod metered;
pub mod pace;
pub mod path;
pub mod phase;
pub mod problem;
pub mod proxy_protocol;
pub mod refusal;
pub mod request_id;
pub mod stall;
pub mod template;
pub mod trace;
pub mod upgrade;
