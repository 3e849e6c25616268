//! Who is calling: nobody trusted, one proxy before us, and as long a chain as is looked at.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use gungraun::{library_benchmark, library_benchmark_group};
use http::HeaderMap;
use portcullis::http::client::{Trust, resolve};

use crate::fixture::{TIMES, request};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

fn direct() -> (HeaderMap, Trust) {
    (request("/", &[]).headers, Trust::default())
}

fn behind(hops: usize) -> (HeaderMap, Trust) {
    let mut chain = vec!["203.0.113.9".to_owned()];
    chain.extend((0..hops).map(|hop| format!("10.0.1.{hop}")));
    let chain = chain.join(", ");
    let networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
    let networks = networks.map(|network| network.parse().expect("a network"));
    let more = [
        ("x-forwarded-for", chain.as_str()),
        ("x-forwarded-proto", "https"),
    ];
    (request("/", &more).headers, Trust::new(&networks))
}

#[library_benchmark]
#[bench::direct(direct())]
#[bench::behind_one_proxy(behind(0))]
#[bench::behind_a_chain(behind(30))]
fn walk((headers, trust): (HeaderMap, Trust)) {
    for _ in 0..TIMES {
        black_box(resolve(PEER, black_box(&headers), &trust));
    }
}

library_benchmark_group!(name = client_walk, benchmarks = walk);
