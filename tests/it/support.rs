//! The test bed: the real gateway as a child process, origins that behave and misbehave, and a client that
//! writes raw bytes. No mock of the gateway, no HTTP library that would hide what is on the wire.

pub mod certs;
pub mod chat;
pub mod client;
pub mod exchange;
pub mod exit;
pub mod frames;
pub mod gateway;
pub mod lines;
pub mod metrics;
pub mod origin;
pub mod pipe;
pub mod policy;
pub mod reply;
pub mod secure;
pub mod sentry;
pub mod session;
pub mod wait;
pub mod wire;

pub use certs::Certs;
pub use client::Ask;
pub use exit::run;
pub use gateway::Gateway;
pub use origin::Origin;
pub use policy::policy;
pub use reply::Reply;
pub use secure::TlsClient;
pub use session::{Proto, Session};
pub use wait::{DEADLINE, Gate, until};
pub use wire::{Answer, Wire};
