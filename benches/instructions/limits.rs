//! What one request asks of the limits of its client: may it pass, then take it.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use gungraun::{library_benchmark, library_benchmark_group};
use portcullis::http::client::ClientKey;
use portcullis::store::gauge::Clients;
use portcullis::store::limiter::Limiter;

use crate::fixture::TIMES;

const SECOND: Duration = Duration::from_secs(1);
/// How many clients the table knows already.
const CLIENTS: u32 = 2_000;

fn client(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + number % CLIENTS * 7).into()
}

fn known(limiter: Limiter) -> (Limiter, Instant) {
    let now = Instant::now();
    for number in 0..CLIENTS {
        limiter.take(ClientKey::new(client(number), 64).into(), now);
    }
    (limiter, now + SECOND)
}

fn window() -> (Limiter, Instant) {
    known(Limiter::window(1_000_000, SECOND))
}

fn bucket() -> (Limiter, Instant) {
    let burst = NonZeroU32::new(100_000).expect("not zero");
    known(Limiter::bucket(1_000_000, SECOND, burst).expect("it fills in time"))
}

#[library_benchmark]
#[bench::window(window())]
#[bench::bucket(bucket())]
fn rate((limiter, now): (Limiter, Instant)) -> Limiter {
    for number in (0..).take(TIMES) {
        let key = ClientKey::new(client(number * 31), 64).into();
        black_box(limiter.peek(key, now));
        black_box(limiter.take(key, now));
    }
    limiter
}

fn gauge() -> (Clients, Instant) {
    let (clients, now) = (Clients::default(), Instant::now());
    for number in 0..CLIENTS {
        drop(clients.take(client(number), 64, 100, now));
    }
    (clients, now)
}

#[library_benchmark]
#[bench::in_flight(gauge())]
fn permit((clients, now): (Clients, Instant)) -> Clients {
    for number in (0..).take(TIMES) {
        drop(black_box(clients.take(client(number * 31), 64, 100, now)));
    }
    clients
}

library_benchmark_group!(name = limiter, benchmarks = [rate, permit]);
