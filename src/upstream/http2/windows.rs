//! How much servers may send before it is taken, stream by stream (RFC 9113 §5.2). h2 grants all streams the same, and a hundred
//! answers that nobody takes would be a hundred times that: so here is counted what comes, and granted what there is room for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;

/// What a stream may be sent of an answer in any case, in bytes.
pub(super) const LEAST: u32 = 512;
/// What it may be sent where there is room: most answers whole.
const ENOUGH: u32 = 2 << 10;
/// How long those wait for which there is no room, for each [`BATCH`] of them.
const PAUSE: Duration = Duration::from_millis(1);
/// So many go on in a pause: a frame of each side for a few hundred octets costs more than those that have room should pay for.
const BATCH: u32 = 8;
/// The most pauses that they wait, however many there are.
const MOST_PAUSES: u32 = 16;
/// The most that is granted to one: enough for a fast network.
pub(super) const MOST: u32 = 256 << 10;

/// What all streams of a connection begin with. The settings say it for all at once, so there is a connection for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Where there is room.
    Enough,
    /// Where there is none.
    Least,
}

impl Start {
    /// How much that is, in bytes.
    pub(super) fn octets(self) -> u32 {
        match self {
            Self::Enough => ENOUGH,
            Self::Least => LEAST,
        }
    }
}

/// A server sent more than it may.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sends more than its window (RFC 9113 §6.9.1)")]
pub(super) struct Overrun;

/// The windows of one connection: used by the task that reads and writes it, and by those that take what came, all of
/// one worker.
#[derive(Debug)]
pub(super) struct Windows {
    /// What is announced for all streams.
    pub(super) start: Start,
    table: Mutex<Table>,
    /// Some wait.
    short: Notify,
}

#[derive(Debug, Default)]
struct Table {
    /// By their numbers, which only rise.
    streams: Vec<Window>,
    /// How many of them are to be told of more.
    owing: usize,
    writer: Option<Waker>,
}

#[derive(Debug)]
struct Window {
    stream: u32,
    /// What may still come.
    open: u32,
    /// What came and is not taken.
    unread: u32,
    /// Granted, and not told yet.
    owed: u32,
    /// It was used up since the last of it was granted.
    used_up: bool,
    /// There is no room for more than the least, which is granted in a while.
    waits: bool,
}

impl Windows {
    /// For a connection that begins.
    pub(super) fn new(start: Start) -> Self {
        Self {
            start,
            table: Mutex::default(),
            short: Notify::new(),
        }
    }

    /// A stream begins, which may be sent so much.
    pub(super) fn open(&self, stream: u32, octets: u32) {
        let mut table = self.table();
        table.streams.push(Window {
            stream,
            open: self.start.octets(),
            unread: 0,
            owed: 0,
            used_up: false,
            waits: false,
        });
        table.grant(stream, octets);
    }

    /// So much came on it.
    pub(super) fn came(&self, stream: u32, octets: u32) -> Result<(), Overrun> {
        let mut table = self.table();
        // Nobody wants the rest of others: h2 throws it away.
        if let Some(window) = table.find(stream) {
            window.open = window.open.checked_sub(octets).ok_or(Overrun)?;
            window.unread += octets;
            window.used_up |= window.open < LEAST / 4;
        }
        Ok(())
    }

    /// So much of it was nothing but padding: there is no one to take it, so it is granted again.
    pub(super) fn padded(&self, stream: u32, octets: u32) {
        let mut table = self.table();
        if let Some(window) = table.find(stream) {
            let all = window.open + window.unread;
            window.unread = window.unread.saturating_sub(octets);
            table.grant(stream, all);
        }
    }

    /// So much of it was taken. It is replaced up to `octets` in all, once that is worth a frame.
    pub(super) fn took(&self, stream: u32, taken: u32, octets: u32) {
        let mut table = self.table();
        if let Some(window) = table.find(stream) {
            window.unread = window.unread.saturating_sub(taken);
            let missing = octets.saturating_sub(window.open + window.unread);
            if missing == 0 || missing < octets / 2 {
                return;
            }
            if octets > LEAST {
                window.used_up = false;
                table.grant(stream, octets);
            } else if !std::mem::replace(&mut window.waits, true) {
                self.short.notify_one();
            }
        }
    }

    /// Grants the least to those that have no room, now and then: others go on meanwhile, and leave some to them. At once it
    /// would be a frame of each side for every few hundred octets.
    pub(super) async fn trickle(&self) {
        let mut pauses = 1;
        loop {
            self.short.notified().await;
            tokio::time::sleep(PAUSE * pauses).await;
            let waited = self.table().grant_least();
            pauses = waited.div_ceil(BATCH).clamp(1, MOST_PAUSES);
        }
    }

    /// What came on it and is not taken, or may still come; and whether it could do with more.
    pub(super) fn held(&self, stream: u32) -> (u32, bool) {
        let mut table = self.table();
        let window = table.find(stream);
        window.map_or((0, false), |window| (window.open + window.unread, window.used_up))
    }

    /// Nothing more will come on it, and the server is told nothing more; says what is not taken.
    pub(super) fn end(&self, stream: u32) -> u32 {
        let mut table = self.table();
        let Some(window) = table.find(stream) else {
            return 0;
        };
        window.waits = false;
        let (owed, unread) = (std::mem::take(&mut window.owed), window.unread);
        table.owing -= usize::from(owed > 0);
        unread
    }

    /// It is over.
    pub(super) fn close(&self, stream: u32) {
        let mut table = self.table();
        if let Some(at) = table.position(stream) {
            let window = table.streams.remove(at);
            table.owing -= usize::from(window.owed > 0);
        }
    }

    /// Hands over what is to be told to the server of the streams that it knows, up to that one.
    pub(super) fn tell(&self, last: u32, mut told: impl FnMut(u32, u32)) {
        let mut table = self.table();
        if table.owing == 0 {
            return;
        }
        let Table { streams, owing, .. } = &mut *table;
        let known = streams.iter_mut().take_while(|window| window.stream <= last);
        for window in known.filter(|window| window.owed > 0) {
            told(window.stream, std::mem::take(&mut window.owed));
            *owing -= 1;
        }
    }

    /// It could not be told after all.
    pub(super) fn untold(&self, stream: u32, octets: u32) {
        let mut table = self.table();
        if let Some(window) = table.find(stream) {
            let owed = std::mem::replace(&mut window.owed, octets);
            window.owed += owed;
            table.owing += usize::from(owed == 0);
        }
    }

    /// Who writes, and is woken when there is something to tell.
    pub(super) fn set_writer(&self, waker: &Waker) {
        let writer = &mut self.table().writer;
        if writer.as_ref().is_none_or(|writer| !writer.will_wake(waker)) {
            *writer = Some(waker.clone());
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Numbers are never half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn position(&self, stream: u32) -> Option<usize> {
        self.streams
            .binary_search_by_key(&stream, |window| window.stream)
            .ok()
    }

    fn find(&mut self, stream: u32) -> Option<&mut Window> {
        self.position(stream).and_then(|at| self.streams.get_mut(at))
    }

    /// To how many.
    fn grant_least(&mut self) -> u32 {
        let mut waited = 0;
        for window in self.streams.iter_mut().filter(|window| window.waits) {
            window.waits = false;
            waited += 1;
            self.owing += usize::from(window.grant(LEAST));
        }
        self.wake();
        waited
    }

    /// Grants a stream so much in all.
    fn grant(&mut self, stream: u32, octets: u32) {
        if self.find(stream).is_some_and(|window| window.grant(octets)) {
            self.owing += 1;
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.as_ref().filter(|_| self.owing > 0) {
            writer.wake_by_ref();
        }
    }
}

impl Window {
    /// Whether the server is to be told of it, and was not before.
    fn grant(&mut self, octets: u32) -> bool {
        let more = octets.saturating_sub(self.open + self.unread);
        let news = more > 0 && self.owed == 0;
        self.open += more;
        self.owed += more;
        news
    }
}

#[cfg(test)]
mod tests;
