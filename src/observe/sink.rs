//! Where log lines end up: standard output or a file. It writes whole batches and says how many lines
//! were lost; it never ends the program, not when the pipe's reader is gone nor when the disk is full.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often a descriptor that would block is tried again: two seconds in all.
const TRIES: u32 = 400;
const PAUSE: Duration = Duration::from_millis(5);

/// An open place to write to.
pub(super) struct Sink {
    to: Box<dyn Write + Send>,
    is_stdout: bool,
    /// Half a line was written before an error: the next batch starts on a fresh line.
    torn: bool,
}

impl Sink {
    /// Standard output, past its buffer. Access log and service log hold its lock for a whole batch, so
    /// their lines never mix.
    pub(super) fn stdout() -> io::Result<Self> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Self {
            to: Box::new(File::from(descriptor)),
            is_stdout: true,
            torn: false,
        })
    }

    /// A file, appended to; made if missing, not readable by others: lines hold addresses of people.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .open(path)?;
        Ok(Self::to(Box::new(file)))
    }

    /// Anything that can be written to.
    pub(super) fn to(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            is_stdout: false,
            torn: false,
        }
    }

    /// Writes the batch. Returns the number of lines that were not written.
    pub(super) fn put(&mut self, batch: &[u8]) -> u64 {
        let mut whole = self.is_stdout.then(|| io::stdout().lock());
        // What others printed and is still buffered belongs before this batch; if it cannot be
        // written, neither can the batch, and that is counted below.
        whole.as_mut().map_or(Ok(()), Write::flush).ok();
        if self.torn && write_all(&mut self.to, b"\n") == 1 {
            self.torn = false;
        }
        let written = write_all(&mut self.to, batch);
        let (done, rest) = batch.split_at_checked(written).unwrap_or((batch, &[]));
        self.torn |= !rest.is_empty() && done.last().is_some_and(|last| *last != b'\n');
        lines(rest)
    }
}

/// The number of lines in a batch.
pub(super) fn lines(batch: &[u8]) -> u64 {
    batch.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Writes what it can; returns how many bytes that was.
fn write_all(to: &mut dyn Write, mut bytes: &[u8]) -> usize {
    let (whole, mut tries) = (bytes.len(), 0);
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => break,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Somebody we share the pipe with made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock && tries < TRIES => {
                tries += 1;
                thread::park_timeout(PAUSE);
            }
            Err(_) => break,
        }
    }
    whole - bytes.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes so many bytes per call as listed, then fails once, then takes all.
    struct Faulty(VecDeque<usize>, Arc<Mutex<Vec<u8>>>);

    impl Write for Faulty {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.0.pop_front().unwrap_or(bytes.len());
            if room == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            let count = room.min(bytes.len());
            self.1.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn goes_on_after_a_short_write() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut sink = Sink::to(Box::new(Faulty([1, 3].into(), Arc::clone(&seen))));
        assert_eq!(sink.put(b"one\ntwo\n"), 0);
        assert_eq!(*seen.lock().unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn counts_lost_lines_and_ends_the_torn_one() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut sink = Sink::to(Box::new(Faulty([6, 0].into(), Arc::clone(&seen))));
        assert_eq!(sink.put(b"one\ntwo\nthree\n"), 2);
        assert_eq!(sink.put(b"four\n"), 0);
        assert_eq!(*seen.lock().unwrap(), b"one\ntw\nfour\n");
    }

    #[test]
    fn a_full_disk_loses_lines_and_nothing_else() {
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        assert_eq!(Sink::to(Box::new(full)).put(b"one\ntwo\n"), 2);
    }

    #[test]
    fn a_closed_pipe_loses_lines_and_nothing_else() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(Sink::to(Box::new(writer)).put(b"one\n"), 1);
    }
}
