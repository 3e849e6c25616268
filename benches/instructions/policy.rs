//! From the text of a policy to a gateway: what a reload costs. Two thousand routes are there to notice what
//! grows faster than the policy.

use std::fmt::Write;

use gungraun::{library_benchmark, library_benchmark_group};
use portcullis::carryover::Carryover;
use portcullis::gateway::Gateway;

use crate::fixture::{carryover, compile, hardened};

fn routes(count: usize) -> (String, Carryover) {
    // What a process does once is not what a reload costs.
    drop(compile(&hardened(), &carryover()));
    let mut text = hardened();
    for number in 0..count {
        let written = write!(
            text,
            "\n[[routes]]\nname = \"r{number}\"\nmatch = {{ path = \"/things{number}/{{id}}\", methods = [\"GET\"] }}\n"
        );
        written.expect("a string takes all");
    }
    (text, carryover())
}

#[library_benchmark]
#[bench::hardened(routes(0))]
#[bench::of_200_routes(routes(200))]
#[bench::of_2_000_routes(routes(2_000))]
fn read_and_compile((text, carryover): (String, Carryover)) -> (Gateway, Carryover) {
    (compile(&text, &carryover), carryover)
}

library_benchmark_group!(name = policy_compile, benchmarks = read_and_compile);
