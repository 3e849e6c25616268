//! What the answer to one request over HTTP/2 waits for: its client, or whoever sends the body. HTTP/2 tells nobody that
//! a client grants no window; but a body that is there and is not asked for more says so. The request writes it down here,
//! and the task that sends the answer reads it after each poll.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const NOTHING: u8 = 0;
const CLIENT: u8 = 1;
const SOURCE: u8 = 2;

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The client: it has something to take.
    Client,
    /// Whoever sends the body: there is nothing to take.
    Source,
}

/// Shared by a request and the task that sends its answer.
#[derive(Debug, Default)]
pub struct Progress {
    /// The last word since it was read.
    word: AtomicU8,
    /// How long the client may take nothing, in microseconds; 0 for as long as it likes.
    timeout: AtomicU64,
    given_up: AtomicBool,
}

impl Progress {
    /// The body of the answer begins, whose client may take nothing for so long.
    pub fn begin(&self, timeout: Option<Duration>) {
        let micros = timeout.map_or(0, |timeout| {
            u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX)
        });
        self.timeout.store(micros, Relaxed);
        self.awaits(Awaited::Client);
    }

    /// The body was asked for its next piece, and gave one or has none yet.
    pub fn awaits(&self, whom: Awaited) {
        let word = match whom {
            Awaited::Client => CLIENT,
            Awaited::Source => SOURCE,
        };
        self.word.store(word, Relaxed);
    }

    /// The last word since this was asked, if there was one.
    pub fn take_word(&self) -> Option<Awaited> {
        match self.word.load(Relaxed) {
            CLIENT => {
                self.word.store(NOTHING, Relaxed);
                Some(Awaited::Client)
            }
            SOURCE => {
                self.word.store(NOTHING, Relaxed);
                Some(Awaited::Source)
            }
            _ => None,
        }
    }

    /// How long the client may take nothing; none before the body begins.
    pub fn timeout(&self) -> Option<Duration> {
        let micros = self.timeout.load(Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// The client takes nothing, and all that belongs to its request is about to be dropped.
    pub fn give_up(&self) {
        self.given_up.store(true, Relaxed);
    }

    /// Whether that is so.
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_is_told_once() {
        let progress = Progress::default();
        assert_eq!((progress.take_word(), progress.timeout()), (None, None));
        progress.begin(Some(Duration::from_secs(1)));
        assert_eq!(progress.timeout(), Some(Duration::from_secs(1)));
        progress.awaits(Awaited::Source);
        assert_eq!(progress.take_word(), Some(Awaited::Source));
        assert_eq!(progress.take_word(), None);
        progress.awaits(Awaited::Source);
        progress.awaits(Awaited::Client);
        assert_eq!(progress.take_word(), Some(Awaited::Client));
    }

    #[test]
    fn without_a_limit_there_is_no_timeout() {
        let progress = Progress::default();
        progress.begin(None);
        assert_eq!(
            (progress.take_word(), progress.timeout()),
            (Some(Awaited::Client), None)
        );
    }
}
