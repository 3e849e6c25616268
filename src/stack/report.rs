//! What becomes a crash report or a timing when a request has ended. Where Sentry is off, this is one
//! branch; what a report may say is settled by the type it is made of, see `observe::crashes::Case`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::gateway::route::Target;
use crate::observe::crashes::{Case, Lane, method_name};
use crate::stack::passage::Passage;

impl Passage {
    /// Hands over what is worth a report. `head` and `took` are the times until the head and the end of the answer.
    pub(super) fn report(&self, head: Duration, took: Duration) {
        if let Some(lane) = &self.lane.crashes {
            self.report_to(lane, head, took);
        }
    }

    fn report_to(&self, lane: &Lane, head: Duration, took: Duration) {
        let Some(settings) = &self.place.snapshot.sentry else {
            return;
        };
        if std::thread::panicking() {
            return lane.panicked(self.case());
        }
        // Health and metrics pages are no traffic (trap T20), whether they were refused or not.
        if self.place.own {
            return;
        }
        let status = self.ledger.status;
        if !self.is_meant() && Case::is_failure(status, self.exchange.notes.refusal) {
            lane.failed(self.case());
        }
        if settings.sampling.takes(self.exchange.request_id.as_bytes()) && Case::is_traffic(status) {
            lane.timed(self.case(), SystemTime::now() - took, head);
        }
    }

    /// Whether the status is what the policy says: a page for maintenance is a 503 on purpose.
    fn is_meant(&self) -> bool {
        matches!(self.place.route().target, Target::Respond(_)) && self.exchange.notes.refusal.is_none()
    }

    fn case(&self) -> Case {
        let (exchange, route) = (&self.exchange, self.place.route());
        Case {
            route: Arc::clone(&route.endpoint),
            upstream: match &route.target {
                Target::Upstream(upstream) => Some(upstream.name().into()),
                _ => None,
            },
            request_id: exchange.request_id.clone(),
            trace: self.trace.clone(),
            method: method_name(&exchange.head.method),
            status: self.ledger.status,
            refusal: exchange.notes.refusal,
            masked: exchange.notes.masked,
        }
    }
}
