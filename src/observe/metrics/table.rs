//! One method's series at one endpoint: durations, and a counter per status, each resolved once.

use std::sync::{Mutex, OnceLock};

use prometheus::{Histogram, IntCounter};

use crate::observe::lock;

/// The usual statuses, in order; others are looked up by label.
const STATUSES: [u16; 36] = [
    101, 200, 201, 202, 203, 204, 205, 206, 207, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405,
    406, 408, 409, 410, 411, 413, 414, 415, 422, 429, 499, 500, 502, 503, 504,
];

/// One method's series.
pub(super) struct Table {
    pub(super) durations: Histogram,
    statuses: [OnceLock<IntCounter>; STATUSES.len()],
    unusual: Mutex<Vec<(u16, IntCounter)>>,
}

impl Table {
    pub(super) fn new(durations: Histogram) -> Self {
        Self {
            durations,
            statuses: std::array::from_fn(|_| OnceLock::new()),
            unusual: Mutex::default(),
        }
    }

    /// One more of this status; `resolve` finds the counter of a status written in digits.
    pub(super) fn count(&self, status: u16, resolve: impl FnOnce(&str) -> IntCounter) {
        let resolve = || resolve(itoa::Buffer::new().format(status));
        match STATUSES
            .binary_search(&status)
            .ok()
            .and_then(|index| self.statuses.get(index))
        {
            Some(counter) => counter.get_or_init(resolve).inc(),
            None => self.count_unusual(status, resolve),
        }
    }

    /// The statuses counted so far.
    pub(super) fn counted(&self) -> Vec<u16> {
        let usual = STATUSES
            .iter()
            .zip(&self.statuses)
            .filter(|(_, counter)| counter.get().is_some());
        let unusual = lock(&self.unusual);
        usual
            .map(|(status, _)| *status)
            .chain(unusual.iter().map(|(status, _)| *status))
            .collect()
    }

    /// Off the usual path: a lock and a short list.
    #[cold]
    fn count_unusual(&self, status: u16, resolve: impl FnOnce() -> IntCounter) {
        let mut unusual = lock(&self.unusual);
        if let Some((_, counter)) = unusual.iter().find(|(known, _)| *known == status) {
            return counter.inc();
        }
        let counter = resolve();
        counter.inc();
        unusual.push((status, counter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_statuses_are_in_order() {
        assert!(STATUSES.is_sorted());
    }
}
