//! What the frames of a server say of the connection as a whole: how many streams it takes, and that it is leaving (RFC 9113
//! §6.5.2, §6.8), which h2 keeps to itself; and that anything comes at all.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::http::h2_guard::frame::{Follower, HEAD, Head, SETTING, Step, flag, kind};
use crate::upstream::transport::{NotHttp2, explain};

const MAX_CONCURRENT_STREAMS: u16 = 3;
/// Where in the head of a frame its kind stands.
const KIND: usize = 3;
/// A kind that nobody knows, and that is passed over therefore (RFC 9113 §5.5). Empty DATA becomes it: h2 bears no more
/// than a hundred of those in the life of a connection, and here they are of all clients.
const IGNORED: u8 = 0xE0;

/// What was heard. Written by the connection's task, read by requests of the same worker.
#[derive(Debug, Default)]
pub(super) struct Observer {
    /// How many streams the server takes, plus one; 0 until it says so.
    limit: AtomicU32,
    greeted: AtomicBool,
    leaving: AtomicBool,
    over: AtomicBool,
    /// How many frames came, of whatever stream.
    heard: AtomicU64,
    /// Why the connection ended before the greeting.
    ended: Mutex<Option<io::Error>>,
    news: Notify,
}

/// What comes on a connection, frame by frame.
#[derive(Debug)]
pub(super) struct Frames {
    observer: Arc<Observer>,
    follower: Follower,
    /// What is to be read in this one.
    part: Part,
}

/// What is to be read in a frame.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Nothing.
    Nothing,
    /// Settings, one after another: one as far as it has come.
    Settings([u8; SETTING], usize),
}

/// Why nothing more is read.
type Unheard = Box<dyn Error + Send + Sync>;

impl Observer {
    /// The most streams the server takes now.
    pub(super) fn limit(&self) -> usize {
        match self.limit.load(Relaxed) {
            0 => usize::MAX,
            limit => limit as usize - 1,
        }
    }

    /// Whether the server said GOAWAY: what is under way ends in peace, nothing new begins.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// A number that changes whenever anything comes.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }

    /// Waits for the server's first frame, which has its settings in it (RFC 9113 §3.4). With it, the server
    /// is known to speak HTTP/2, and how many streams it takes.
    pub(super) async fn greeting(&self) -> io::Result<()> {
        loop {
            if self.greeted.load(Relaxed) {
                return Ok(());
            }
            if let Some(error) = self.ended().take() {
                return Err(error);
            }
            self.news.notified().await;
        }
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// It has.
    pub(super) fn over(&self) {
        self.over.store(true, Relaxed);
    }

    /// Keeps the error for who waits for the greeting; the client above gets one of its kind.
    pub(super) fn end(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        if !self.greeted.load(Relaxed) {
            *self.ended() = Some(explain(error));
            self.news.notify_one();
        }
        io::Error::from(kind)
    }
}

impl Frames {
    pub(super) fn new(observer: &Arc<Observer>) -> Self {
        Self {
            observer: Arc::clone(observer),
            follower: Follower::default(),
            part: Part::Nothing,
        }
    }

    /// These bytes came, all but so many of which have been heard already. Says how many at their end are to be held back until it is
    /// clear what they are.
    pub(super) fn hear(&mut self, bytes: &mut [u8], known: usize) -> Result<usize, Unheard> {
        let mut at = known;
        while let Some(mut rest) = bytes.get(at..)
            && let Some(step) = self.follower.step(&mut rest)
        {
            let mut empty = false;
            match step {
                Step::Head(head) => {
                    empty = head.kind == kind::DATA && head.length == 0 && !head.has(flag::END_STREAM);
                    self.head(head)?;
                }
                Step::Payload(payload) => self.payload(payload),
            }
            at = bytes.len() - rest.len();
            if empty && let Some(kind) = at.checked_sub(HEAD - KIND).and_then(|at| bytes.get_mut(at)) {
                *kind = IGNORED;
            }
            if self.follower.is_between() && matches!(self.part, Part::Settings(..)) {
                self.part = Part::Nothing;
                self.observer.greeted.store(true, Relaxed);
                self.observer.news.notify_one();
            }
        }
        // What may turn out to be DATA of nothing is not passed on before that can be hidden.
        Ok(match self.follower.begun() {
            [0, 0, 0, kind::DATA, rest @ ..] => rest.len() + 1,
            _ => 0,
        })
    }

    fn head(&mut self, head: Head) -> Result<(), Unheard> {
        let observer = &self.observer;
        if head.kind != kind::SETTINGS && !observer.greeted.load(Relaxed) {
            return Err(NotHttp2.into());
        }
        // Settings are confirmed by the connection itself, however long the server behind it is gone.
        if head.kind != kind::SETTINGS {
            observer.heard.fetch_add(1, Relaxed);
        }
        self.part = match head.kind {
            kind::SETTINGS if !head.has(flag::ACK) => Part::Settings([0; SETTING], 0),
            _ => Part::Nothing,
        };
        if head.kind == kind::GOAWAY {
            observer.leaving.store(true, Relaxed);
        }
        Ok(())
    }

    fn payload(&mut self, payload: &[u8]) {
        let Part::Settings(entry, seen) = &mut self.part else {
            return;
        };
        for byte in payload {
            if let Some(slot) = entry.get_mut(*seen) {
                *slot = *byte;
                *seen += 1;
            }
            if *seen == SETTING {
                set(&self.observer, *entry);
                *seen = 0;
            }
        }
    }
}

fn set(observer: &Observer, entry: [u8; SETTING]) {
    let [high, low, value @ ..] = entry;
    if u16::from_be_bytes([high, low]) == MAX_CONCURRENT_STREAMS {
        let limit = u32::from_be_bytes(value);
        observer.limit.store(limit.saturating_add(1), Relaxed);
    }
}

#[cfg(test)]
mod tests;
