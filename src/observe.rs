//! What the operator sees: metrics, the access log, and the log of the service's own events.
//! Others take ready-made counters and lanes from here and never name a label on the request's way.
//! It knows neither routes nor policies: it is told names, and counts and writes what it is given.

pub mod access_log;
pub mod crashes;
pub mod crowd;
mod entry;
mod json;
pub mod logs;
pub mod metrics;
mod outlet;
mod sink;
mod stamp;
pub mod unbelieved;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object per line: for collectors.
    #[default]
    Json,
    /// One readable line: for people.
    Text,
}

/// How grave a log line is; the order of the variants is the order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Every step: for the author of the code.
    Trace,
    /// What a developer needs to understand one case.
    Debug,
    /// What an operator wants to know on a good day.
    #[default]
    Info,
    /// Something is wrong, requests are still served.
    Warn,
    /// Something is wrong and requests suffer.
    Error,
}

impl Level {
    /// As it stands in a line, in capitals.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// A panic while the lock was held left at worst a torn line: no reason to stop logging or counting.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
