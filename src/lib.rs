//! Portcullis: a hardening gateway in front of any backend.

pub mod gateway;
pub mod http;
pub mod policy;
pub mod store;
