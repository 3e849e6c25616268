//! Floor 1: TLS from the operator's side: certificates and the names they are for, and the terms on which a
//! listener and an upstream shake hands; and the one type of a stream that may be under it. It opens no socket and
//! reads no policy.

pub use crate::crypto::provider;

pub mod certificate;
pub mod choice;
pub mod client;
pub mod stream;
pub mod terms;
pub mod tickets;
