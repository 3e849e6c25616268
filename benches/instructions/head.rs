//! The checks and edits of a head that need nothing but the head.

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use http::HeaderMap;
use http::request::Parts;
use portcullis::http::{hop, host, path};

use crate::fixture::{TIMES, request};

fn head() -> Parts {
    request("/api/v1/items?page=2", &[("connection", "keep-alive")])
}

#[library_benchmark]
#[bench::of_request(head())]
fn authority(head: Parts) -> Parts {
    for _ in 0..TIMES {
        let head = black_box(&head);
        black_box(host::of_request(head.version, &head.uri, &head.headers).ok());
    }
    head
}

#[library_benchmark]
#[bench::plain("/api/v1/items/4711/parts")]
#[bench::encoded("/api/v1/%69tems/./a/../4711/parts%20of")]
fn normal_form(received: &str) {
    for _ in 0..TIMES {
        black_box(path::normal_form(black_box(received)));
    }
}

fn many() -> Vec<HeaderMap> {
    vec![head().headers; TIMES]
}

#[library_benchmark]
#[bench::of_request(many())]
fn hop_by_hop(mut all: Vec<HeaderMap>) -> Vec<HeaderMap> {
    for headers in &mut all {
        black_box(hop::Hop::of(headers).ok());
    }
    all
}

library_benchmark_group!(
    name = head_checks,
    benchmarks = [authority, normal_form, hop_by_hop]
);
