//! One line of the access log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use gungraun::{library_benchmark, library_benchmark_group};
use portcullis::observe::access_log::{AccessLog, Lane, Line, Target};
use portcullis::observe::metrics::Metrics;
use portcullis::observe::{Format, Level};

use crate::fixture::TIMES;

fn lane(format: Format) -> (AccessLog, Lane) {
    let lost = Metrics::new(SystemTime::now()).access_log_lost.clone();
    let log =
        AccessLog::start(Target::File("/dev/null".into()), format, lost).expect("/dev/null takes lines");
    let lane = log.lane();
    lane.write(&line());
    (log, lane)
}

/// An ordinary one.
fn line() -> Line<'static> {
    let client = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    Line {
        at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_785_585_600_123),
        level: Level::Info,
        request_id: "01987f3e-2a40-7c3d-8e1f-0123456789ab",
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        client,
        peer: SocketAddr::new(client, 40_000),
        method: "GET",
        host: Some("shop.example.com"),
        path: "/api/v1/items/4711/parts",
        version: "HTTP/1.1",
        status: 200,
        cut: false,
        endpoint: "items",
        upstream: Some("backend"),
        server: Some(SocketAddr::new(Ipv4Addr::new(10, 0, 0, 8).into(), 8000)),
        bytes_in: 0,
        bytes_out: 1024,
        duration: Duration::from_micros(1_234),
        response_time: Duration::from_micros(1_200),
        queued: None,
        connect: None,
        first_byte: Some(Duration::from_micros(1_100)),
        attempts: 1,
        refusal: None,
        reason: None,
        shadowed: &[],
        masked: false,
        leak: None,
        end: "complete",
        user_agent: Some(b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        slow: None,
    }
}

#[library_benchmark]
#[bench::json(lane(Format::Json))]
#[bench::text(lane(Format::Text))]
fn write((log, lane): (AccessLog, Lane)) -> (AccessLog, Lane) {
    let line = line();
    for _ in 0..TIMES {
        lane.write(std::hint::black_box(&line));
    }
    (log, lane)
}

library_benchmark_group!(name = access_log, benchmarks = write);
