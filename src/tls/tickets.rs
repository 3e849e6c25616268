//! The keys of session tickets: a client that comes back with one is spared the handshake's costly half.
//! Nothing is kept per session, so tickets cost no memory and a reload that keeps the keys loses none.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;

/// The ticket keys of one listener. They change by themselves every six hours.
pub struct Tickets(Option<Arc<dyn ProducesTickets>>);

impl Tickets {
    /// New keys. Without randomness there are no tickets, and handshakes are whole.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Ticketer::new().ok()))
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets")
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.0.as_ref().is_some_and(|keys| keys.enabled())
    }

    fn lifetime(&self) -> u32 {
        self.0.as_ref().map_or(0, |keys| keys.lifetime())
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.as_ref()?.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.0.as_ref()?.decrypt(cipher)
    }
}
