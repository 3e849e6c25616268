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

mod access;
mod access_log;
mod admin;
mod answers;
mod autobahn;
mod awaited_certificates;
mod body_lengths;
mod body_limits;
mod browser;
mod caps;
mod certificates;
mod commands;
mod compression;
mod corpus;
mod cors;
mod crew;
mod demo;
mod dependencies;
mod deploy;
mod documents;
mod drain;
mod errors;
mod explain;
mod fastapi;
mod floors;
mod forwarding;
mod grpc;
mod h2;
mod h2_attacks;
mod h2_connections;
mod h2_goaway;
mod h2_semantics;
mod h2_slow;
mod h2spec;
mod head_limits;
mod headers;
mod health;
mod healthcheck;
mod in_flight;
mod logins;
mod malformed;
mod max_memory;
mod metering;
mod mistakes;
mod normalised;
mod old_servers;
mod pipes;
mod policy_reports;
mod production;
mod protocols;
mod protocols_routes;
mod protocols_streams;
mod proxy_headers;
mod proxy_protocol;
mod queue;
mod rate_limit;
mod redirect_to_https;
mod redirects;
mod reference;
mod reload;
mod remedies;
mod request_buffer;
mod request_id;
mod rewriting;
mod routing;
mod security_headers;
mod sentry;
mod shadow;
mod shipped;
mod silence;
mod streaming;
mod streams;
mod strict;
mod strict_slow;
mod support;
mod testbed;
mod timeouts;
mod tls;
mod tracing;
mod tree;
mod unbelieved;
mod unread_bodies;
mod upgrades;
mod upstream_h2;
mod upstream_h2_bodies;
mod upstream_h2_farewell;
mod upstream_h2_frames;
mod upstream_tls;
mod upstreams;
mod waiting;
mod websocket;
