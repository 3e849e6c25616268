//! The terms on which a listener shakes hands: versions, protocols, certificates, tickets. Clients choose among
//! what is offered; nothing old enough to be broken is.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use crate::tls::choice::Choice;
use crate::tls::provider;
use crate::tls::tickets::Tickets;

/// HTTP/2 among the protocols of a handshake (RFC 9113 §3.2).
pub const H2: &[u8] = b"h2";

/// The terms of a listener.
#[derive(Debug)]
pub struct Terms {
    usual: Arc<ServerConfig>,
    /// With another certificate for who asks for no name.
    at_address: HashMap<IpAddr, Arc<ServerConfig>>,
}

impl Terms {
    /// TLS 1.2 and 1.3 with these certificates, HTTP/2 before HTTP/1.1.
    pub fn new(choice: &Choice, tickets: &Arc<Tickets>) -> Result<Self, Error> {
        let at_address = choice
            .of_addresses()
            .map(|(address, choice)| Ok((address, config(&choice, tickets)?)));
        Ok(Self {
            usual: config(choice, tickets)?,
            at_address: at_address.collect::<Result<_, Error>>()?,
        })
    }

    /// Those for a connection to this address of ours.
    pub fn at(&self, address: impl FnOnce() -> Option<SocketAddr>) -> &Arc<ServerConfig> {
        if self.at_address.is_empty() {
            return &self.usual;
        }
        let own = address().and_then(|address| self.at_address.get(&address.ip().to_canonical()));
        own.unwrap_or(&self.usual)
    }
}

fn config(choice: &Choice, tickets: &Arc<Tickets>) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(choice.clone()) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
    // A memory of sessions would be one more thing that grows with strangers; tickets are theirs to keep.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Arc::clone(tickets) as Arc<dyn ProducesTickets>;
    // Early data can be replayed (RFC 8446 §8), and a gateway cannot know which requests bear it.
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::certificate::tests::certificate;

    #[test]
    fn offers_http_2_first_and_no_early_data() {
        let choice = Choice::new(&[certificate(&["a.test"])]);
        let config = config(&choice, &Tickets::new()).unwrap();
        assert_eq!(config.alpn_protocols.first().unwrap(), H2);
        assert_eq!(config.max_early_data_size, 0);
        assert!(config.ticketer.enabled());
    }
}
