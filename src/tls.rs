//! Floor 1: TLS from the operator's side: certificates and the names they are for, and the terms on which a
//! listener shakes hands. The only place that knows which library does the cryptography. It opens no socket
//! and reads no policy, so the upstream side may come to use it as well.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub mod certificate;
pub mod choice;
pub mod terms;
pub mod tickets;

/// Who does the cryptography. A second provider in one program is a second set of holes.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
