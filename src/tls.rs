//! Floor 1: TLS from the operator's side: certificates and the names they are for, and the terms on which a
//! listener and an upstream shake hands. It opens no socket and reads no policy.

pub use crate::crypto::provider;

pub mod certificate;
pub mod choice;
pub mod client;
pub mod terms;
pub mod tickets;
