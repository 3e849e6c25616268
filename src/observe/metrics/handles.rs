//! Ready-made counters and gauges: what the rest of the program holds instead of names and labels.
//! None of them can make a series out of anything that came with a request.

use prometheus::{IntCounter, IntGauge};

/// A number that only grows. Clones count into the same series.
#[derive(Debug, Clone)]
pub struct Counter(pub(super) IntCounter);

impl Counter {
    /// A counter that is in no exposition: for tests of those who count.
    pub fn detached() -> Self {
        Self(IntCounter::new("detached", "shown nowhere").expect("a valid name"))
    }

    /// One more.
    pub fn inc(&self) {
        self.0.inc();
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.inc_by(count);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that rises and falls. Clones change the same series.
#[derive(Debug, Clone)]
pub struct Gauge(pub(super) IntGauge);

/// One unit of a gauge, given back when dropped: nothing that goes wrong in between can leak it.
#[derive(Debug)]
#[must_use = "the gauge falls again when this is dropped"]
pub struct Held(Gauge);

impl Gauge {
    /// A gauge that is in no exposition: for tests.
    pub fn detached() -> Self {
        Self(IntGauge::new("detached", "shown nowhere").expect("a valid name"))
    }

    /// One more.
    pub fn inc(&self) {
        self.0.inc();
    }

    /// One less.
    pub fn dec(&self) {
        self.0.dec();
    }

    /// One more until the value returned is dropped.
    pub fn hold(&self) -> Held {
        self.inc();
        Held(self.clone())
    }

    /// Exactly so many.
    pub fn set(&self, value: i64) {
        self.0.set(value);
    }

    /// How many now.
    pub fn get(&self) -> i64 {
        self.0.get()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_unit_is_given_back() {
        let gauge = Gauge::detached();
        let held = gauge.hold();
        assert_eq!(gauge.get(), 1);
        drop(held);
        assert_eq!(gauge.get(), 0);
    }
}
