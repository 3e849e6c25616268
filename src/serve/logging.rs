//! `[logs]` in the words of the logs.

use crate::observe::access_log::{self, AccessLog};
use crate::observe::metrics::Counter;
use crate::observe::{Format, Level};
use crate::policy;

/// The access log, unless it is switched off.
pub(super) fn start_access_log(table: &policy::Logs, lost: Counter) -> std::io::Result<Option<AccessLog>> {
    let target = match &table.access {
        policy::AccessLog::Stdout => access_log::Target::Stdout,
        policy::AccessLog::File(path) => access_log::Target::File(path.clone()),
        policy::AccessLog::Off => return Ok(None),
    };
    AccessLog::start(target, format(table.format), lost).map(Some)
}

/// The form of lines, in the words of the logs.
pub(super) fn format(format: policy::LogFormat) -> Format {
    match format {
        policy::LogFormat::Json => Format::Json,
        policy::LogFormat::Text => Format::Text,
    }
}

/// The least important event, in the words of the logs.
pub(super) fn level(level: policy::Level) -> Level {
    match level {
        policy::Level::Error => Level::Error,
        policy::Level::Warn => Level::Warn,
        policy::Level::Info => Level::Info,
        policy::Level::Debug => Level::Debug,
        policy::Level::Trace => Level::Trace,
    }
}
