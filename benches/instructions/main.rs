//! Instructions counted, not time taken: the same on a busy machine. `benches/check` holds the counts against
//! `benches/budget.toml`. Every bench does its thing a hundred times, but for those of `policy`: once.

#![allow(clippy::disallowed_methods, reason = "the harness ends by itself")]

mod client;
mod fixture;
mod head;
mod limits;
mod log;
mod policy;
mod routing;
mod stack;

use client::client_walk;
use gungraun::main;
use head::head_checks;
use limits::limiter;
use log::access_log;
use policy::policy_compile;
use routing::router;
use stack::whole_stack;

main!(
    library_benchmark_groups = [
        whole_stack,
        router,
        limiter,
        client_walk,
        head_checks,
        access_log,
        policy_compile
    ]
);
