//! `portcullis sentry-test`: does a report arrive? Compiles the policy like `check`, sends one event and
//! waits for Sentry's word on it.

use std::time::SystemTime;

use crate::carryover::Carryover;
use crate::observe::crashes;
use crate::observe::metrics::Metrics;
use crate::serve::StartError;
use crate::source::{Compiled, PolicySource, style_for_stderr};

pub(super) const HELP: &str = "\
Sends one event, of level info, with nothing in it but the environment and the release, to the DSN of `[sentry]`.

Exit codes: 0 Sentry took it, 1 it did not (the reason is told), 2 the policy is refused.";

/// Sends the event, and says which one it was.
pub(super) fn run(source: &PolicySource) -> Result<String, StartError> {
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let Compiled { gateway, .. } = source.compile(&carryover, style_for_stderr())?;
    let Some(settings) = gateway.sentry else {
        let off = "the policy sends no crash reports; give `dsn` in `[sentry]`, without `enabled = false`";
        return Err(StartError::Test(off.to_owned()));
    };
    let id = crashes::send_test(&settings).map_err(|error| {
        StartError::Test(format!(
            "the test event did not arrive: {error}; check `dsn` in `[sentry]` and the way to its host"
        ))
    })?;
    Ok(format!(
        "Sentry took the test event {id} (environment {}, release {})\n",
        settings.environment, settings.release
    ))
}
