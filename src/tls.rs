//! Floor 1: TLS from the operator's side: certificates and the names they are for, and the terms on which a
//! listener shakes hands. It opens no socket and reads no policy, so the upstream side may come to use it as well.

pub use crate::crypto::provider;

pub mod certificate;
pub mod choice;
pub mod terms;
pub mod tickets;
