//! Crash reports in the life of the process: started with the first policy that has a DSN, following
//! reloads, sent off at the end. Trouble with them never keeps the gateway from serving.

use std::sync::Arc;
use std::time::Duration;

use crate::gateway::Gateway;
use crate::observe::crashes::Reporter;
use crate::observe::metrics::Metrics;

/// How long the last reports may take: with `drain` and the last log lines it fits into Docker's 10 s.
const LAST_REPORTS: Duration = Duration::from_millis(1500);

/// The reporter, where the policy has a DSN.
pub(super) fn start(gateway: &Gateway, metrics: &Arc<Metrics>) -> Option<Reporter> {
    let settings = gateway.sentry.as_ref()?;
    match Reporter::start(settings, Arc::clone(metrics)) {
        Ok(reporter) => Some(reporter),
        Err(error) => {
            tracing::error!(error = %error, "crash reports cannot be sent; the gateway serves without them");
            None
        }
    }
}

/// Another policy is about to come into force: how much is sent may change, where it is sent may not.
pub(super) fn follow(reporter: Option<&Reporter>, next: &Gateway) {
    let follows = match reporter {
        Some(reporter) => reporter.follow(next.sentry.as_ref()),
        None => next.sentry.is_none(),
    };
    if !follows {
        tracing::warn!(
            key = "sentry.dsn, environment, release",
            "these keys are read at start only; restart to change them"
        );
    }
}

/// Sends what waits.
pub(super) fn stop(reporter: Option<Reporter>) {
    if reporter.is_some_and(|reporter| !reporter.stop(LAST_REPORTS)) {
        tracing::warn!("not all crash reports were sent before the end");
    }
}
