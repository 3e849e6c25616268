//! Portcullis: a hardening gateway in front of any backend.

pub mod carryover;
pub mod edge;
pub mod gateway;
pub mod http;
pub mod layers;
pub mod observe;
pub mod policy;
pub mod stack;
pub mod store;
pub mod upstream;
