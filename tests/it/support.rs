//! The test bed: the real gateway as a child process, origins that behave and misbehave, and a client that
//! writes raw bytes. No mock of the gateway, no HTTP library that would hide what is on the wire.

pub mod app;
pub mod certs;
pub mod chat;
pub mod client;
pub mod exchange;
pub mod exit;
pub mod frames;
pub mod front;
pub mod gateway;
pub mod h2_origin;
pub mod lines;
pub mod metrics;
pub mod origin;
pub mod pipe;
pub mod policy;
pub mod python;
pub mod reply;
pub mod secure;
pub mod sentry;
pub mod session;
pub mod wait;
pub mod wire;

pub use app::App;
pub use certs::Certs;
pub use client::Ask;
pub use exit::run;
pub use front::Front;
pub use gateway::Gateway;
pub use h2_origin::H2Origin;
pub use origin::Origin;
pub use policy::{policy, reaching};
pub use reply::Reply;
pub use secure::TlsClient;
pub use session::{Proto, Session};
pub use wait::{DEADLINE, Gate, until};
pub use wire::{Answer, Wire};
