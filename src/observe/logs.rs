//! The service's own events (`tracing`), to standard output beside the access log, with the same five
//! keys first. The level can be changed while running; an event below it costs one comparison.
//! It is not for requests: those have the access log. Spans are not recorded.

mod event;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber, callsite};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::observe::entry::Dialect;
use crate::observe::metrics::Counter;
use crate::observe::outlet::Outlet;
use crate::observe::sink::Sink;
use crate::observe::{Format, Level};

/// The service's log. Dropping it writes what waits.
pub struct Logs {
    outlet: Arc<Outlet>,
    level: Arc<Threshold>,
}

/// The lowest level that is written, shared with the subscriber.
struct Threshold(AtomicU8);

/// The subscriber's layer: turns an event into a line and hands it over.
struct Events {
    outlet: Arc<Outlet>,
    level: Arc<Threshold>,
    dialect: Dialect,
    clock: fn() -> SystemTime,
}

/// Begins to log to standard output. `lost` counts the lines that could not be written. An error when
/// standard output is closed, or when the process already has a subscriber.
pub fn start(format: Format, level: Level, lost: Counter) -> io::Result<Logs> {
    let dialect = Dialect::of(format, io::stdout().is_terminal());
    let outlet = Arc::new(Outlet::start("log", Sink::stdout()?, lost)?);
    let (logs, events) = connect(outlet, dialect, level);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(events))
        .map_err(|taken| io::Error::new(io::ErrorKind::AlreadyExists, taken))?;
    Ok(logs)
}

impl Logs {
    /// From now on, events of this level and graver ones are written.
    pub fn set_level(&self, level: Level) {
        self.level.0.store(level as u8, Ordering::Relaxed);
        callsite::rebuild_interest_cache();
    }

    /// Writes what waits; gives up on an output that takes nothing for `patience`. Returns whether all
    /// was written. Events afterwards are lost, and counted.
    pub fn stop(&self, patience: Duration) -> bool {
        self.outlet.stop(patience)
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(1));
    }
}

impl Threshold {
    fn filter(&self) -> LevelFilter {
        match self.0.load(Ordering::Relaxed) {
            0 => LevelFilter::TRACE,
            1 => LevelFilter::DEBUG,
            2 => LevelFilter::INFO,
            3 => LevelFilter::WARN,
            _ => LevelFilter::ERROR,
        }
    }
}

impl<S: Subscriber> Layer<S> for Events {
    /// Asked once per place in the source, and again when the level changes.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.filter())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.outlet.send(event::line(event, self.dialect, (self.clock)()));
    }
}

impl Events {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.level.filter()
    }
}

fn connect(outlet: Arc<Outlet>, dialect: Dialect, level: Level) -> (Logs, Events) {
    let level = Arc::new(Threshold(AtomicU8::new(level as u8)));
    let logs = Logs {
        outlet: Arc::clone(&outlet),
        level: Arc::clone(&level),
    };
    (
        logs,
        Events {
            outlet,
            level,
            dialect,
            clock: SystemTime::now,
        },
    )
}

#[cfg(test)]
mod tests;
