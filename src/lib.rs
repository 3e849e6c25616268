//! Portcullis: a hardening gateway in front of any backend.

pub mod observe;
pub mod policy;
