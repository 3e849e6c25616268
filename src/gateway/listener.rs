//! One compiled listener: where connections come in and what may come in on one before it is routed.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::http::connection::{Entrance, Facts};
use crate::policy::CertificateFiles;
use crate::tls::choice::Choice;
use crate::tls::terms::Terms;

/// The files that the process asks the system for, where it may: enough for 32,000 clients. Who wants more says so
/// (`LimitNOFILE`, `ulimit -n`) and finds it untouched.
pub const FILES: u64 = 65_536;

/// A listener's settings.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its name in the policy.
    pub name: String,
    /// Where it listens; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Connections at once.
    pub max_connections: usize,
    /// Connections at once of this listener and those that share the files of the process with it.
    pub max_connections_in_all: usize,
    /// Connections of one client at once; trusted proxies are exempt.
    pub max_connections_per_client: Option<u32>,
    /// Bytes of a request head.
    pub max_head: usize,
    /// Fields of a request head.
    pub max_headers: usize,
    /// Bytes of a request target.
    pub max_target: u64,
    /// From the first byte of a head to its last.
    pub request_head: Duration,
    /// From one answer to the next request.
    pub keep_alive_idle: Duration,
    /// The terms of TLS; plain HTTP without.
    pub tls: Option<Arc<Terms>>,
    /// Which certificate is shown for which name.
    pub certificates: Option<Arc<Choice>>,
    /// The certificate files, while some of them do not exist: the listener is not open yet.
    pub awaits: Option<Arc<[CertificateFiles]>>,
    /// From the connection to the end of the handshake.
    pub tls_handshake: Duration,
    /// The port of https that plain requests are sent to, if they are.
    pub redirect_to_https: Option<NonZeroU16>,
    /// Whether each connection begins with the word of a trusted proxy on whose it is.
    pub proxy_protocol: bool,
    /// Whether some server is told where a request came in; asking the kernel for it costs each connection a call.
    pub notes_local: bool,
    /// Whom it lets in to what.
    pub entrance: Entrance,
}

impl Listener {
    /// What is known of a connection that came in here, before it has said anything.
    pub fn facts(&self, peer: SocketAddr, closing: watch::Receiver<bool>) -> Facts {
        Facts {
            secure: self.tls.is_some(),
            entrance: self.entrance,
            redirect_to_https: self.redirect_to_https,
            max_target: self.max_target,
            max_headers: self.max_headers,
            ..Facts::new(peer, closing)
        }
    }
}
