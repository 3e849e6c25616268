//! Portcullis: a hardening gateway in front of any backend.
//!
//! The way of one request: [`edge`] takes a connection and reads HTTP off it; [`stack`] is the list of
//! all that happens to the request, outermost first; [`layers`] holds one protection per file; the
//! [`gateway`] is the compiled policy that says which of them apply; [`upstream`] sends it on. The library
//! serves the binary, the tests and the benches; it promises nothing to others.
//!
//! A module imports only from lower floors:
//!
//! | floor | modules |
//! |---|---|
//! | 8 | `cli` `demo` `healthcheck` `serve` `signals` `source` `workers` |
//! | 7 | `edge` |
//! | 6 | `stack` |
//! | 5 | `gateway` |
//! | 4 | `layers` |
//! | 3 | `carryover` |
//! | 2 | `store` `upstream` |
//! | 1 | `kept_body` `observe` `tls` |
//! | 0 | `crypto` `http` `policy` |

pub mod carryover;
pub mod cli;
pub mod crypto;
pub mod demo;
pub mod edge;
pub mod gateway;
pub mod healthcheck;
pub mod http;
pub mod kept_body;
pub mod layers;
pub mod observe;
pub mod policy;
pub mod serve;
pub mod signals;
pub mod source;
pub mod stack;
pub mod store;
pub mod tls;
pub mod upstream;
pub mod workers;
