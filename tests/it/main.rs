//! Black-box tests: one binary that drives the real executable on free ports, against origins that behave
//! and origins that do not. Nothing here sleeps to get the timing right: it waits for events, with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a panic is how a test speaks, and nothing here is a library"
)]

mod floors;
mod support;
mod testbed;
mod tree;
