//! Registers metrics and remembers what was said of them, so that the documentation can be compared
//! with the program. It counts nothing.

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::observe::metrics::handles::{Counter, Gauge};
use crate::observe::metrics::words::Words;

/// Bounds of the time histograms, in seconds. 50, 100, 200, 300 and 500 ms and 1.5 s are the targets and
/// thresholds of the seeds (rows 1-14, 1-17): how many requests met them can be read off exactly.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0,
];

/// Words of one label that have their own series; see [`Words`].
const WORDS: usize = 64;

const VALID: &str = "a metric's name and labels are valid, and named once";

/// One metric as an operator reads of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it counts, and what that tells the operator.
    pub meaning: &'static str,
}

/// The registry and its table of contents.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) registry: Registry,
    pub(super) described: Vec<Described>,
}

impl Catalogue {
    pub(super) fn counter(&mut self, name: &'static str, meaning: &'static str) -> Counter {
        let counter = IntCounter::new(name, meaning).expect(VALID);
        Counter(self.add("counter", name, &[], meaning, counter))
    }

    pub(super) fn gauge(&mut self, name: &'static str, meaning: &'static str) -> Gauge {
        let gauge = IntGauge::new(name, meaning).expect(VALID);
        Gauge(self.add("gauge", name, &[], meaning, gauge))
    }

    /// Counters by a word of our source.
    pub(super) fn words(
        &mut self,
        name: &'static str,
        label: &'static [&'static str; 1],
        meaning: &'static str,
    ) -> Words {
        Words::new(self.counters(name, label, meaning), None, WORDS)
    }

    pub(super) fn counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> IntCounterVec {
        let counters = IntCounterVec::new(Opts::new(name, meaning), labels).expect(VALID);
        self.add("counter", name, labels, meaning, counters)
    }

    pub(super) fn gauges(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> IntGaugeVec {
        let gauges = IntGaugeVec::new(Opts::new(name, meaning), labels).expect(VALID);
        self.add("gauge", name, labels, meaning, gauges)
    }

    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> HistogramVec {
        let options = HistogramOpts::new(name, meaning).buckets(SECONDS.to_vec());
        let histograms = HistogramVec::new(options, labels).expect(VALID);
        self.add("histogram", name, labels, meaning, histograms)
    }

    fn add<C: Collector + Clone + 'static>(
        &mut self,
        kind: &'static str,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
        metric: C,
    ) -> C {
        self.registry.register(Box::new(metric.clone())).expect(VALID);
        self.described.push(Described {
            name,
            kind,
            labels,
            meaning,
        });
        metric
    }
}
