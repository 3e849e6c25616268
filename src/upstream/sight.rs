//! What happens on the way to an upstream, counted in the metrics.

use crate::observe::metrics::UpstreamMetrics;
use crate::upstream::Sight;

impl Sight for UpstreamMetrics {
    fn connected(&self, ok: bool) {
        self.connects.count(if ok { "ok" } else { "failed" });
    }

    fn retried(&self) {
        self.retries.inc();
    }

    fn answered(&self, result: &'static str) {
        self.requests.count(result);
    }

    fn malformed(&self, reason: &'static str) {
        self.malformed.count(reason);
    }

    fn repaired(&self, reason: &'static str) {
        self.repaired.count(reason);
    }
}
