//! What the process holds in memory, and what is done near its ceiling.

use prometheus::IntGaugeVec;

use crate::observe::metrics::Words;
use crate::observe::metrics::catalogue::Catalogue;

/// The memory of the process.
pub struct MemoryMetrics {
    /// What was done near the ceiling: `near`, `full`, `reset`.
    pub actions: Words,
    bytes: IntGaugeVec,
}

impl MemoryMetrics {
    pub(super) fn new(list: &mut Catalogue) -> Self {
        let metrics = Self {
            actions: list.words(
                "portcullis_memory_actions_total",
                &["action"],
                "`near`, `full`: how often the ceiling of memory came near (85 %) or was reached; `reset`: connections ended for what they held",
            ),
            bytes: list.gauges(
                "portcullis_memory_bytes",
                &["kind"],
                "`max`: what the process may hold (`[gateway] max_memory`); `resident`: what it holds; `bodies`: how much of that is bodies",
            ),
        };
        metrics.actions.declare(["near", "full", "reset"]);
        metrics.show(0, 0, 0);
        metrics
    }

    /// How much there is and is used, in bytes.
    pub fn show(&self, max: u64, resident: u64, bodies: u64) {
        for (kind, bytes) in [("max", max), ("resident", resident), ("bodies", bodies)] {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            self.bytes.with_label_values(&[kind]).set(bytes);
        }
    }
}
