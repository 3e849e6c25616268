//! Black-box tests: one binary that drives the real executable on free ports, against origins that behave
//! and origins that do not. Nothing here sleeps to get the timing right: it waits for events, with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::format_push_string,
    clippy::large_stack_arrays,
    unreachable_pub,
    reason = "a panic is how a test speaks, and nothing here is a library"
)]

mod access_log;
mod body_limits;
mod commands;
mod cors;
mod demo;
mod documents;
mod drain;
mod errors;
mod fastapi;
mod floors;
mod forwarding;
mod head_limits;
mod health;
mod in_flight;
mod malformed;
mod metering;
mod policy_reports;
mod production;
mod queue;
mod rate_limit;
mod reload;
mod request_id;
mod routing;
mod security_headers;
mod shadow;
mod shipped;
mod streaming;
mod support;
mod testbed;
mod timeouts;
mod tree;
mod upstreams;
