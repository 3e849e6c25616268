//! The series of one endpoint: requests by method and status, and their durations. Made when a policy is
//! compiled; a request finds its counters by two array look-ups. Tables appear when a method is first
//! used, so ten thousand idle routes cost little.

use std::sync::{Mutex, OnceLock};

use http::Method;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use crate::observe::lock;
use crate::observe::metrics::catalogue::Catalogue;
use crate::observe::metrics::handles::{Counter, Gauge, Held};
use crate::observe::metrics::table::Table;
use crate::observe::metrics::words::Words;

/// Methods with a label of their own; any other is `other`: a client may invent methods without end.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other",
];

/// The families that have an `endpoint` label.
#[derive(Clone)]
pub(super) struct Families {
    requests: IntCounterVec,
    durations: HistogramVec,
    slow: IntCounterVec,
    shadowed: IntCounterVec,
    streams: IntGaugeVec,
}

/// The series of one endpoint.
pub struct EndpointMetrics {
    name: Box<str>,
    families: Families,
    methods: [OnceLock<Box<Table>>; METHODS.len()],
    /// Requests slower than a threshold, by `warn` or `error`.
    pub slow: Words,
    guards: Mutex<Vec<Box<str>>>,
    streams: [OnceLock<Gauge>; STREAMS.len()],
}

/// What keeps a request open on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Server-sent events.
    Sse,
    /// A WebSocket.
    WebSocket,
    /// A gRPC call, or one of gRPC-Web, whose answer did not come in one piece.
    Grpc,
    /// Another protocol that took over the connection.
    Upgrade,
    /// JSON documents, one a line.
    Lines,
    /// A `multipart` answer.
    Parts,
}

/// The labels of [`Stream`], in its order.
const STREAMS: [&str; 6] = ["sse", "websocket", "grpc", "upgrade", "ndjson", "multipart"];

impl Families {
    pub(super) fn new(catalogue: &mut Catalogue) -> Self {
        Self {
            requests: catalogue.counters(
                "http_requests_total",
                &["method", "endpoint", "status"],
                "requests answered; `endpoint` is the route's name, or `other` where none matched",
            ),
            durations: catalogue.seconds(
                "http_request_duration_seconds",
                &["method", "endpoint"],
                "time until the response's head, in seconds",
            ),
            slow: catalogue.counters(
                "portcullis_slow_requests_total",
                &["endpoint", "level"],
                "requests slower than the route's `slow` threshold `warn` or `error`; each is counted once",
            ),
            shadowed: catalogue.counters(
                "portcullis_shadowed_total",
                &["endpoint", "guard"],
                "requests a guard in shadow would have refused; what enforcing it would cost",
            ),
            streams: catalogue.gauges(
                "portcullis_streams_open",
                &["endpoint", "kind"],
                "event streams (`sse`), tunnels (`websocket`, `upgrade`) and calls (`grpc`) open now; they are among the requests in flight too",
            ),
        }
    }
}

impl EndpointMetrics {
    pub(super) fn new(families: Families, name: &str) -> Self {
        let slow = Words::new(families.slow.clone(), Some(name), 2);
        Self {
            name: name.into(),
            families,
            methods: Default::default(),
            slow,
            guards: Mutex::default(),
            streams: Default::default(),
        }
    }

    /// The endpoint's label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Counts one answered request and its time until the response's head.
    pub fn record(&self, method: &Method, status: u16, seconds: f64) {
        let (slot, method) = self.slot(method);
        let table = slot.get_or_init(|| {
            Box::new(Table::new(
                self.families.durations.with_label_values(&[method, &*self.name]),
            ))
        });
        table.durations.observe(seconds);
        table.count(status, |status| {
            self.families
                .requests
                .with_label_values(&[method, &self.name, status])
        });
    }

    /// The counter of what this guard would have refused here. Asked for while compiling.
    pub fn shadowed(&self, guard: &str) -> Counter {
        let mut guards = lock(&self.guards);
        if !guards.iter().any(|known| **known == *guard) {
            guards.push(guard.into());
        }
        Counter(self.families.shadowed.with_label_values(&[&*self.name, guard]))
    }

    /// One more stream of this kind, until the value returned is dropped.
    pub fn stream(&self, kind: Stream) -> Held {
        let [sse, websocket, grpc, upgrade, lines, parts] = &self.streams;
        let (slot, label) = match kind {
            Stream::Sse => (sse, "sse"),
            Stream::WebSocket => (websocket, "websocket"),
            Stream::Grpc => (grpc, "grpc"),
            Stream::Upgrade => (upgrade, "upgrade"),
            Stream::Lines => (lines, "ndjson"),
            Stream::Parts => (parts, "multipart"),
        };
        let series = || Gauge(self.families.streams.with_label_values(&[&*self.name, label]));
        slot.get_or_init(series).hold()
    }

    fn slot(&self, method: &Method) -> (&OnceLock<Box<Table>>, &'static str) {
        let [get, head, post, put, patch, delete, options, other] = &self.methods;
        match *method {
            Method::GET => (get, "GET"),
            Method::HEAD => (head, "HEAD"),
            Method::POST => (post, "POST"),
            Method::PUT => (put, "PUT"),
            Method::PATCH => (patch, "PATCH"),
            Method::DELETE => (delete, "DELETE"),
            Method::OPTIONS => (options, "OPTIONS"),
            _ => (other, "other"),
        }
    }
}

/// The endpoint left the policy: its series leave the exposition.
impl Drop for EndpointMetrics {
    fn drop(&mut self) {
        // Removing cannot miss: only what was resolved is removed, and only here.
        for (method, table) in METHODS
            .iter()
            .zip(&self.methods)
            .filter_map(|(name, slot)| Some((name, slot.get()?)))
        {
            self.families
                .durations
                .remove_label_values(&[*method, &self.name])
                .ok();
            for status in table.counted() {
                self.families
                    .requests
                    .remove_label_values(&[*method, &self.name, &status])
                    .ok();
            }
        }
        for (kind, _) in STREAMS
            .iter()
            .zip(&self.streams)
            .filter(|(_, slot)| slot.get().is_some())
        {
            self.families
                .streams
                .remove_label_values(&[&*self.name, *kind])
                .ok();
        }
        for guard in lock(&self.guards).iter() {
            self.families
                .shadowed
                .remove_label_values(&[&self.name, guard])
                .ok();
        }
    }
}
