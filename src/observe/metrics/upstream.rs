//! The series of an upstream, as ready-made handles. It knows nothing of
//! connections: those who send and connect say what became of it.

use prometheus::{IntCounterVec, IntGaugeVec};

use crate::http::refusal::Refusal;
use crate::http::vet::Fault;
use crate::observe::metrics::catalogue::Catalogue;
use crate::observe::metrics::handles::{Counter, Gauge};
use crate::observe::metrics::words::Words;

/// Results of attempts and of connects that have their own series.
const RESULTS: usize = 16;
/// And reasons for which an answer is none.
const FAULTS: usize = 24;
/// And ways in which one is put right.
const REPAIRS: usize = 16;

/// The families that have an `upstream` label.
pub(super) struct Families {
    requests: IntCounterVec,
    connects: IntCounterVec,
    retries: IntCounterVec,
    malformed: IntCounterVec,
    repaired: IntCounterVec,
    in_flight: IntGaugeVec,
    queued: IntGaugeVec,
    pub(super) server_up: IntGaugeVec,
}

/// The series of one upstream.
pub struct UpstreamMetrics {
    /// Attempts that ended, by result.
    pub requests: Words,
    /// Connections tried, by result.
    pub connects: Words,
    /// Attempts beyond a request's first.
    pub retries: Counter,
    /// What was no answer, by reason.
    pub malformed: Words,
    /// Answers that were put right, by reason.
    pub repaired: Words,
    /// Requests at the upstream.
    pub in_flight: Gauge,
    /// Requests waiting for a place there.
    pub queued: Gauge,
    name: Box<str>,
    families: [IntGaugeVec; 2],
    retries_family: IntCounterVec,
}

impl Families {
    pub(super) fn new(catalogue: &mut Catalogue) -> Self {
        Self {
            requests: catalogue.counters(
                "portcullis_upstream_requests_total",
                &["upstream", "result"],
                "attempts at an upstream, retries included, by result",
            ),
            connects: catalogue.counters(
                "portcullis_upstream_connects_total",
                &["upstream", "result"],
                "new connections to an upstream, by result; many per request: connections are not reused",
            ),
            retries: catalogue.counters(
                "portcullis_upstream_retries_total",
                &["upstream"],
                "attempts beyond a request's first; mostly connections that the upstream had closed",
            ),
            malformed: catalogue.counters(
                "portcullis_upstream_malformed_total",
                &["upstream", "reason"],
                "answers, or parts of answers, that were not valid HTTP, by reason; their connection was closed",
            ),
            repaired: catalogue.counters(
                "portcullis_upstream_repaired_total",
                &["upstream", "reason"],
                "answers that broke the rules of HTTP without being ambiguous, or as `tolerate` allows, and were passed on in the right form, by reason",
            ),
            in_flight: catalogue.gauges(
                "portcullis_upstream_in_flight",
                &["upstream"],
                "requests at the upstream now; at `max_inflight` further ones wait",
            ),
            queued: catalogue.gauges(
                "portcullis_upstream_queued",
                &["upstream"],
                "requests waiting for a place at the upstream; above zero for long: it is too slow or too small",
            ),
            server_up: catalogue.gauges(
                "portcullis_upstream_server_up",
                &["upstream", "server"],
                "1: the server answers, by the last probe or attempt; 0: it does not",
            ),
        }
    }
}

impl UpstreamMetrics {
    pub(super) fn new(families: &Families, name: &str) -> Self {
        let requests = Words::new(families.requests.clone(), Some(name), RESULTS);
        requests.declare(["ok"].into_iter().chain(failures()));
        let connects = Words::new(families.connects.clone(), Some(name), RESULTS);
        connects.declare(["ok", "failed"]);
        let malformed = Words::new(families.malformed.clone(), Some(name), FAULTS);
        malformed.declare((0..).map_while(Fault::numbered).map(Fault::name));
        Self {
            requests,
            connects,
            malformed,
            retries: Counter(families.retries.with_label_values(&[name])),
            repaired: Words::new(families.repaired.clone(), Some(name), REPAIRS),
            in_flight: Gauge(families.in_flight.with_label_values(&[name])),
            queued: Gauge(families.queued.with_label_values(&[name])),
            name: name.into(),
            families: [families.in_flight.clone(), families.queued.clone()],
            retries_family: families.retries.clone(),
        }
    }
}

/// What an attempt can end in besides an answer.
fn failures() -> impl Iterator<Item = &'static str> {
    Refusal::CODES
        .into_iter()
        .filter(|code| code.starts_with("upstream_"))
        // Those are of the queue before it.
        .filter(|code| !matches!(*code, "upstream_busy" | "upstream_queue_timeout"))
}

/// The upstream left the policy: its series leave the exposition (those of words go by themselves).
impl Drop for UpstreamMetrics {
    fn drop(&mut self) {
        self.retries_family.remove_label_values(&[&self.name]).ok();
        for family in &self.families {
            family.remove_label_values(&[&self.name]).ok();
        }
    }
}
