//! Floor 0: the one place that chooses who does the cryptography. Everything that speaks TLS takes it from
//! here, so that two providers can never meet in one process.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// aws-lc-rs, which the first call makes the default of the process: some libraries ask for that one only.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        // A default that stands already is the same one: nobody else in this program sets it.
        let _set = aws_lc_rs::default_provider().install_default();
        CryptoProvider::get_default().map_or_else(|| Arc::new(aws_lc_rs::default_provider()), Arc::clone)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_provider_and_it_is_the_default() {
        let ours = provider();
        assert!(Arc::ptr_eq(&ours, &provider()));
        assert!(CryptoProvider::get_default().is_some_and(|default| Arc::ptr_eq(&ours, default)));
    }
}
