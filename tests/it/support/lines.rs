//! What a child process printed so far, line by line, and waiting for a line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::DEADLINE;

/// The growing output of one pipe.
#[derive(Clone)]
pub struct Lines(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads `pipe` to its end in a thread of its own.
    pub fn read(pipe: impl Read + Send + 'static) -> Self {
        let lines = Self(Arc::default());
        let filled = lines.clone();
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                filled
                    .0
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .lines
                    .push(text);
                filled.0.1.notify_all();
            }
            filled.0.0.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
            filled.0.1.notify_all();
        });
        lines
    }

    /// Everything printed so far.
    pub fn so_far(&self) -> Vec<String> {
        self.0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lines
            .clone()
    }

    /// Waits until the lines so far hold what is looked for; `None` if the output ended without it.
    pub fn find<T>(&self, what: &str, mut look: impl FnMut(&[String]) -> Option<T>) -> Option<T> {
        let end = Instant::now() + DEADLINE;
        let mut printed = self.0.0.lock().unwrap();
        loop {
            let ended = printed.ended;
            if let Some(found) = look(&printed.lines) {
                return Some(found);
            }
            if ended {
                return None;
            }
            let left = end.saturating_duration_since(Instant::now());
            let tail = printed.lines.len().saturating_sub(20);
            assert!(
                !left.is_zero(),
                "waited {DEADLINE:?} for {what}; last lines: {:#?}",
                &printed.lines[tail..]
            );
            printed = self.0.1.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// Waits for the end of the output: the process closed its pipe.
    pub fn all(&self) -> Vec<String> {
        let _: Option<()> = self.find("the end of the output", |_| None);
        self.so_far()
    }
}
