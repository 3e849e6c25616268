//! Finding the route: what ten thousand more of them cost.

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use http::Method;
use portcullis::gateway::router::{PathPattern, Router, Rule};

use crate::fixture::TIMES;

/// As many routes, and paths of some of them.
fn routes(count: usize) -> (Router, Vec<String>) {
    let rule = |number: usize| Rule {
        path: PathPattern::parse(&format!("/api/v{}/things{number}/{{id}}/parts", number % 7))
            .expect("a path"),
        hosts: Vec::new(),
        methods: vec![Method::GET],
    };
    let path = |number: usize| format!("/api/v{}/things{number}/4711/parts", number % 7);
    let asked = (0..TIMES).map(|turn| path(turn * 7919 % count)).collect();
    (Router::new((0..count).map(rule).collect()), asked)
}

#[library_benchmark]
#[bench::of_10(routes(10))]
#[bench::of_1_000(routes(1_000))]
#[bench::of_100_000(routes(100_000))]
fn find((router, paths): (Router, Vec<String>)) -> (Router, Vec<String>) {
    for path in &paths {
        black_box(router.find(Some("shop.example.com"), path, &Method::GET));
    }
    (router, paths)
}

library_benchmark_group!(name = router, benchmarks = find);
