//! One method's series at one endpoint: durations, and a counter per status, each resolved once.

use std::sync::OnceLock;

use prometheus::{Histogram, IntCounter};

/// The registered statuses of answers (IANA's registry of 2026-12), and 499 for clients that left; in order.
const STATUSES: [u16; 60] = [
    101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401,
    402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424,
    425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/// What all others count as: an application that invents statuses adds no series without end.
const CLASSES: [&str; 9] = ["1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "7xx", "8xx", "9xx"];

/// One method's series.
pub(super) struct Table {
    pub(super) durations: Histogram,
    statuses: [OnceLock<IntCounter>; STATUSES.len()],
    classes: [OnceLock<IntCounter>; CLASSES.len()],
}

impl Table {
    pub(super) fn new(durations: Histogram) -> Self {
        Self {
            durations,
            statuses: std::array::from_fn(|_| OnceLock::new()),
            classes: Default::default(),
        }
    }

    /// One more of this status; `resolve` finds the counter of what stands in the label.
    pub(super) fn count(&self, status: u16, resolve: impl FnOnce(&str) -> IntCounter) {
        let known = STATUSES.binary_search(&status).ok();
        match known.and_then(|index| self.statuses.get(index)) {
            Some(counter) => counter
                .get_or_init(|| resolve(itoa::Buffer::new().format(status)))
                .inc(),
            None => self.count_class(status, resolve),
        }
    }

    /// What stands in the labels so far.
    pub(super) fn counted(&self) -> Vec<String> {
        let statuses = STATUSES.iter().map(u16::to_string).zip(&self.statuses);
        let classes = CLASSES.iter().map(|class| (*class).to_owned()).zip(&self.classes);
        let counted = statuses
            .chain(classes)
            .filter(|(_, counter)| counter.get().is_some());
        counted.map(|(label, _)| label).collect()
    }

    #[cold]
    fn count_class(&self, status: u16, resolve: impl FnOnce(&str) -> IntCounter) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let (Some(label), Some(counter)) = (CLASSES.get(class), self.classes.get(class)) {
            counter.get_or_init(|| resolve(label)).inc();
        }
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
