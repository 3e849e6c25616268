//! Every metric, its name, meaning and labels; the only user of the `prometheus` crate. Labels come
//! from the policy (endpoints, upstreams, guards) or are words of our source, never from a request:
//! so nobody outside can add a series. Whoever counts holds a ready-made handle and looks up nothing.

mod catalogue;
mod endpoint;
mod handles;
mod memory;
mod shelf;
mod table;
mod upstream;
mod words;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{IntGaugeVec, TextEncoder};

pub use catalogue::Described;
pub use endpoint::{EndpointMetrics, Stream};
pub use handles::{Counter, Gauge, Held};
pub use memory::MemoryMetrics;
pub use upstream::UpstreamMetrics;
pub use words::Words;

use crate::http::refusal::{Deadline, Refusal};
use crate::observe::lock;
use catalogue::Catalogue;
use shelf::Shelf;

/// The metrics of the process. Series of an endpoint, upstream or server live as long as somebody
/// holds its handle, over reloads; what no gateway holds any more is gone at the next reading.
pub struct Metrics {
    /// Requests answered by the gateway's own refusal, by its code.
    pub refusals: Words,
    /// Open client connections.
    pub connections: Gauge,
    /// Client connections closed before a request, by reason.
    pub connections_refused: Words,
    /// TLS handshakes, by result.
    pub tls_handshakes: Words,
    /// Requests between their head and the last byte of their answer.
    pub in_flight: Gauge,
    /// Requests whose bytes were not HTTP, by reason.
    pub malformed: Words,
    /// Deadlines that ran out, by the key that set them.
    pub timeouts: Words,
    /// Error bodies of applications that look like a leak: `replaced` or `passed`.
    pub leaks: Words,
    /// Panics caught.
    pub panics: Counter,
    /// Panics and 5xx, by what became of their report at Sentry.
    pub sentry_events: Words,
    /// Timings for Sentry, by what became of them.
    pub sentry_transactions: Words,
    /// Access log lines that could not be written.
    pub access_log_lost: Counter,
    /// Lines of the service's own log that could not be written.
    pub log_lost: Counter,
    /// The memory of the process.
    pub memory: MemoryMetrics,
    reloads: Words,
    last_reload_ok: Gauge,
    policy: IntGaugeVec,
    endpoints: (endpoint::Families, Shelf<EndpointMetrics>),
    upstreams: (upstream::Families, Shelf<UpstreamMetrics>),
    exposing: Mutex<()>,
    catalogue: Catalogue,
}

impl Metrics {
    /// The content type of [`Metrics::render`].
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// All metrics, for a process started at this time.
    pub fn new(started: SystemTime) -> Arc<Self> {
        let mut list = Catalogue::default();
        let endpoints = endpoint::Families::new(&mut list);
        let upstreams = upstream::Families::new(&mut list);
        describe_start(&mut list, started);
        Arc::new(Self {
            refusals: refusals(&mut list),
            connections: list.gauge("portcullis_connections", "client connections open now"),
            connections_refused: connections_refused(&mut list),
            tls_handshakes: tls_handshakes(&mut list),
            in_flight: list.gauge("portcullis_in_flight_requests", "requests not yet answered to the last byte"),
            malformed: list.words(
                "portcullis_malformed_requests_total",
                &["reason"],
                "requests that were not valid HTTP, by reason; their connection was closed. `http2_flood`: nothing was wrong but the amount",
            ),
            timeouts: timeouts(&mut list),
            leaks: leaks(&mut list),
            panics: list.counter(
                "portcullis_panics_total",
                "faults of the gateway itself, caught; the request got a 500. Any above zero is worth a report",
            ),
            sentry_events: list.words(
                "portcullis_sentry_events_total",
                &["result"],
                "panics and 5xx for Sentry; `suppressed`: like one just sent, or over the budget of the minute; `dropped`: lost on the way",
            ),
            sentry_transactions: list.words(
                "portcullis_sentry_transactions_total",
                &["result"],
                "sampled timings for Sentry; `dropped`: more than could be sent, or Sentry did not take them",
            ),
            access_log_lost: list.counter(
                "portcullis_access_log_lost_lines_total",
                "access log lines dropped because their file or pipe was too slow, full or closed",
            ),
            log_lost: list.counter(
                "portcullis_log_lost_lines_total",
                "lines of the gateway's own log dropped because standard output was too slow or closed",
            ),
            memory: MemoryMetrics::new(&mut list),
            reloads: reloads(&mut list),
            last_reload_ok: list.gauge(
                "portcullis_last_reload_ok",
                "1: the policy last read is in force; 0: it was refused and an older one is",
            ),
            policy: list.gauges("portcullis_policy_info", &["hash"], "1, with the hash of the policy in force"),
            endpoints: (endpoints, Shelf::default()),
            upstreams: (upstreams, Shelf::default()),
            exposing: Mutex::default(),
            catalogue: list,
        })
    }

    /// The series of one endpoint: a route's name, or `other`. The same name gives the same series; they
    /// go when nobody holds them, so hold them for as long as the route exists.
    pub fn endpoint(&self, name: &str) -> Arc<EndpointMetrics> {
        let (families, kept) = &self.endpoints;
        kept.get_or_make(name, || EndpointMetrics::new(families.clone(), name))
    }

    /// The series of one upstream, by its name in the policy.
    pub fn upstream(&self, name: &str) -> Arc<UpstreamMetrics> {
        let (families, kept) = &self.upstreams;
        kept.get_or_make(name, || UpstreamMetrics::new(families, name))
    }

    /// A policy came into force at start; its hash identifies it.
    pub fn policy_in_force(&self, hash: &str) {
        self.sweep();
        self.last_reload_ok.set(1);
        self.policy.reset();
        self.policy.with_label_values(&[hash]).set(1);
    }

    /// A reload brought this policy into force.
    pub fn reloaded(&self, hash: &str) {
        self.reloads.count("ok");
        self.policy_in_force(hash);
    }

    /// A reload found faults; the old policy stays.
    pub fn reload_refused(&self) {
        self.reloads.count("refused");
        self.last_reload_ok.set(0);
    }

    /// All series in Prometheus' text format, with these servers in use: their upstream, name, and whether they answer.
    /// Takes milliseconds when there are thousands: not for a worker.
    pub fn render(&self, servers: &[(String, String, bool)]) -> String {
        self.sweep();
        let _one_at_a_time = lock(&self.exposing);
        let family = &self.upstreams.0.server_up;
        // A server that has left the policy is not shown, whoever still holds that policy.
        family.reset();
        for (upstream, server, up) in servers {
            family.with_label_values(&[upstream, server]).set(i64::from(*up));
        }
        let mut text = String::new();
        TextEncoder::new()
            .encode_utf8(&self.catalogue.registry.gather(), &mut text)
            .expect("each family has one type, and memory takes every write");
        text
    }

    /// Every metric there is, whether or not it has series yet.
    pub fn described(&self) -> &[Described] {
        &self.catalogue.described
    }

    fn sweep(&self) {
        self.endpoints.1.sweep();
        self.upstreams.1.sweep();
    }
}

fn leaks(list: &mut Catalogue) -> Words {
    let leaks = list.words(
        "portcullis_leaks_total",
        &["result"],
        "error bodies of applications that leak; `replaced`, or `passed`: a 4xx that looks like a leak and may be what the client asked for",
    );
    leaks.declare(["replaced", "passed"]);
    leaks
}

fn refusals(list: &mut Catalogue) -> Words {
    let refusals = list.words(
        "portcullis_refusals_total",
        &["code"],
        "requests the gateway refused, by the refusal's code",
    );
    refusals.declare(Refusal::CODES);
    refusals
}

fn connections_refused(list: &mut Catalogue) -> Words {
    let refused = list.words(
        "portcullis_connections_refused_total",
        &["reason"],
        "client connections closed before their first request, by reason; `proxy_protocol_…`: no word on whose it is (`untrusted`, `invalid`, `timeout`)",
    );
    refused.declare([
        "max_connections",
        "max_connections_per_client",
        "max_memory",
        "out_of_files",
    ]);
    refused
}

fn timeouts(list: &mut Catalogue) -> Words {
    let timeouts = list.words(
        "portcullis_timeouts_total",
        &["timeout"],
        "deadlines that ran out, by the key that set them; many of one kind: slow or hostile peers, or a key set too low",
    );
    timeouts.declare(Deadline::ALL.into_iter().map(Deadline::name));
    timeouts.declare([
        "tls_handshake",
        "keep_alive_idle",
        "stream.idle",
        "stream.max_duration",
    ]);
    timeouts.declare(["response_body_idle", "response_body_min_rate", "client_stall"]);
    timeouts
}

fn tls_handshakes(list: &mut Catalogue) -> Words {
    let handshakes = list.words(
        "portcullis_tls_handshakes_total",
        &["result"],
        "TLS handshakes, by result; `rejected`: the client did not like our certificate, `not_tls`: it spoke plain HTTP",
    );
    handshakes.declare([
        "ok",
        "timeout",
        "closed",
        "rejected",
        "incompatible",
        "invalid",
        "not_tls",
    ]);
    handshakes
}

fn reloads(list: &mut Catalogue) -> Words {
    let reloads = list.words(
        "portcullis_reloads_total",
        &["result"],
        "reloads of the policy; `refused`: it had faults and the old one stayed in force",
    );
    reloads.declare(["ok", "refused"]);
    reloads
}

fn describe_start(list: &mut Catalogue, started: SystemTime) {
    let version = list.gauges(
        "portcullis_build_info",
        &["version"],
        "1, with the version of the gateway",
    );
    version.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    let start = list.gauge(
        "portcullis_start_time_seconds",
        "when the process started, in seconds since 1970 (UTC)",
    );
    let seconds = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    start.set(i64::try_from(seconds).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests;
