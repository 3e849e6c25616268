//! The access log: one line per exchange, formatted by hand into the worker's own buffer and written
//! by one thread in batches (ten times cheaper than a log event per request). No request waits for it:
//! when the disk or the pipe is slower than the traffic, lines are lost and counted.

mod line;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

pub use line::Line;

use crate::observe::entry::Dialect;
use crate::observe::metrics::Counter;
use crate::observe::outlet::{BATCH, Outlet};
use crate::observe::sink::Sink;
use crate::observe::stamp::Stamp;
use crate::observe::{Format, lock};

/// Where the access log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output, in whole lines between those of the service's log.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
}

/// The access log of the process.
pub struct AccessLog {
    outlet: Arc<Outlet>,
    lanes: Mutex<Vec<Weak<Buffer>>>,
    dialect: Dialect,
    target: Target,
}

/// One worker's way into the log. Clones share the buffer; give each worker a lane of its own.
#[derive(Clone)]
pub struct Lane {
    buffer: Arc<Buffer>,
}

struct Buffer {
    outlet: Arc<Outlet>,
    dialect: Dialect,
    /// Taken by its own worker, and once by `stop`: never fought over.
    inner: Mutex<Inner>,
}

struct Inner {
    lines: Vec<u8>,
    stamp: Stamp,
}

impl AccessLog {
    /// Opens the target and starts the writer. `lost` counts the lines that could not be written.
    pub fn start(target: Target, format: Format, lost: Counter) -> io::Result<Self> {
        let (sink, terminal) = match &target {
            Target::Stdout => (Sink::stdout()?, io::stdout().is_terminal()),
            Target::File(path) => (Sink::file(path)?, false),
        };
        Self::open(sink, target, Dialect::of(format, terminal), lost)
    }

    /// A lane for one worker.
    pub fn lane(&self) -> Lane {
        let inner = Mutex::new(Inner {
            lines: self.outlet.buffer(),
            stamp: Stamp::default(),
        });
        let buffer = Arc::new(Buffer {
            outlet: Arc::clone(&self.outlet),
            dialect: self.dialect,
            inner,
        });
        let mut lanes = lock(&self.lanes);
        lanes.retain(|lane| lane.strong_count() > 0);
        lanes.push(Arc::downgrade(&buffer));
        Lane { buffer }
    }

    /// Opens the file anew, for log rotation; what is handed over from now on goes there. On an error
    /// the old file stays in use. Standard output stays what it is.
    pub fn reopen(&self) -> io::Result<()> {
        if let Target::File(path) = &self.target {
            self.outlet.swap(Sink::file(path)?);
        }
        Ok(())
    }

    /// Writes what every lane holds and ends the writer; gives up on a target that takes nothing for
    /// `patience`. Returns whether all was written. Call it when the workers have ended: a line written
    /// to a lane afterwards is lost, and counted.
    pub fn stop(&self, patience: Duration) -> bool {
        for buffer in lock(&self.lanes).drain(..).filter_map(|lane| lane.upgrade()) {
            self.outlet.hand_over_last(&mut lock(&buffer.inner).lines);
        }
        self.outlet.stop(patience)
    }

    fn open(sink: Sink, target: Target, dialect: Dialect, lost: Counter) -> io::Result<Self> {
        let outlet = Arc::new(Outlet::start("access-log", sink, lost)?);
        Ok(Self {
            outlet,
            lanes: Mutex::default(),
            dialect,
            target,
        })
    }
}

impl Lane {
    /// Appends a line; a full batch goes to the writer, or is lost if that is too far behind.
    pub fn write(&self, line: &Line<'_>) {
        let Buffer {
            outlet,
            dialect,
            inner,
        } = &*self.buffer;
        let Inner { lines, stamp } = &mut *lock(inner);
        line.write(lines, *dialect, stamp);
        if lines.len() >= BATCH {
            outlet.hand_over(lines);
        }
    }

    /// Hands over what there is. For a timer, so that a quiet gateway's lines are seen soon.
    pub fn flush(&self) {
        self.buffer.outlet.hand_over(&mut lock(&self.buffer.inner).lines);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.outlet.hand_over(&mut lock(&self.inner).lines);
    }
}

#[cfg(test)]
mod tests;
