//! A client's connection: what is known of it, the same for all its requests, and what they leave there for each other
//! and for whoever serves it.

use std::any::Any;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::HeaderValue;
use tokio::sync::watch;

use crate::http::forwarded;
use crate::http::gzip::encoders::Encoders;
use crate::http::handover::Handover;
use crate::http::memory::Account;
use crate::http::phase::Phase;
use crate::http::unread::Unread;

/// Which kind of listener a connection came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Entrance {
    /// One for everybody: requests are routed.
    #[default]
    Public,
    /// The operator's own: health, and metrics for those who may read them; nothing is routed.
    Admin,
}

impl Entrance {
    /// Whether it is the operator's own.
    pub fn is_admin(self) -> bool {
        self != Self::Public
    }
}

/// What is known of a client's connection. It does not change.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The other end of the socket: the client, or a proxy before us.
    pub peer: SocketAddr,
    /// Its address as the value of a header, written once for all requests.
    pub peer_written: HeaderValue,
    /// Our end of it, where servers are told.
    pub local: Option<SocketAddr>,
    /// Which worker serves it, counted from 0; picks the worker's own lane of pools and buffers.
    pub worker: usize,
    /// Whether TLS ends here.
    pub secure: bool,
    /// The name the client asked for in its TLS handshake (SNI), in lower case.
    pub sni: Option<Box<str>>,
    /// What the certificate is for that it was shown: names, and `*.suffix`.
    pub names: Arc<[String]>,
    /// Which kind of listener it came in by.
    pub entrance: Entrance,
    /// The port of https that its plain requests are sent to, if they are.
    pub redirect_to_https: Option<NonZeroU16>,
    /// The longest request target the listener lets in, in bytes.
    pub max_target: u64,
    /// The most fields of a request head the listener lets in.
    pub max_headers: usize,
    /// Becomes true when its listener closes.
    pub closing: watch::Receiver<bool>,
}

impl Facts {
    /// Of a plain connection to a public listener, served by the first worker.
    pub fn new(peer: SocketAddr, closing: watch::Receiver<bool>) -> Self {
        Self {
            peer,
            peer_written: forwarded::written(peer.ip()),
            local: None,
            worker: 0,
            secure: false,
            sni: None,
            names: Arc::default(),
            entrance: Entrance::Public,
            redirect_to_https: None,
            max_target: 8 << 10,
            max_headers: 100,
            closing,
        }
    }
}

/// A client's connection, as its requests share it.
#[derive(Debug)]
pub struct Connection {
    /// What is known of it.
    pub facts: Facts,
    /// What it waits for.
    pub phase: Arc<Phase>,
    /// What goes on with it after an answer that switches protocols.
    pub handover: Handover,
    /// Connections to servers that are its own.
    pub pinned: Pinned,
    /// What of it could not be read.
    pub unread: Unread,
    /// Answers of it that are being gzipped.
    pub encoders: Encoders,
    /// What its bodies hold.
    pub memory: Arc<Account>,
}

impl Connection {
    /// One that opened now.
    pub fn new(facts: Facts, memory: Arc<Account>, now: Instant) -> Self {
        Self {
            facts,
            phase: Arc::new(Phase::new(now)),
            handover: Handover::default(),
            pinned: Pinned::default(),
            unread: Unread::default(),
            encoders: Encoders::default(),
            memory,
        }
    }
}

/// Where connections to servers wait that belong to one connection of a client. Empty for nearly all. What is in it is
/// known to those who speak with servers.
pub type Pinned = OnceLock<Arc<dyn Any + Send + Sync>>;
