//! The streams of a connection as its frames tell: which are open, which end has ended them, which ended lately.
//! It holds a bounded number and knows nothing of what they carry.

/// Streams that may be open in the books: more than we let be open, since a client may not have heard of the
/// limit yet and what it opens beyond is refused.
const MOST: usize = 256;
/// Streams remembered after their end: frames for one that we reset may still be under way (RFC 9113 §5.4.2).
const REMEMBERED: usize = 128;
/// Marks one that we have reset.
const BY_US: u32 = 1 << 31;

/// An open stream.
#[derive(Debug, Clone, Copy)]
struct Stream {
    id: u32,
    /// The client will send no more on it.
    ended: bool,
    /// Its answer has begun.
    answered: bool,
    /// And is whole.
    whole: bool,
}

/// What is known of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Its client may send.
    Open,
    /// Its client has said that it will not send.
    Ended,
    /// We have reset it, so what its client sends may have been sent before it knew.
    Reset,
    /// It has ended and was forgotten, or never was.
    Gone,
}

/// All streams of a connection.
#[derive(Debug)]
pub(super) struct Streams {
    /// The highest that the client has opened; what is above is idle.
    highest: u32,
    /// In order of their numbers.
    open: Vec<Stream>,
    lately: [u32; REMEMBERED],
    next: usize,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            highest: 0,
            open: Vec::new(),
            lately: [0; REMEMBERED],
            next: 0,
        }
    }
}

impl Streams {
    pub(super) fn highest(&self) -> u32 {
        self.highest
    }

    /// Opens one above all others. False if there are too many.
    pub(super) fn open(&mut self, id: u32, ended: bool) -> bool {
        if self.open.len() >= MOST {
            return false;
        }
        self.highest = id;
        self.open.push(Stream {
            id,
            ended,
            answered: false,
            whole: false,
        });
        true
    }

    pub(super) fn known(&self, id: u32) -> Known {
        if let Some(stream) = self.find(id).and_then(|at| self.open.get(at)) {
            return if stream.ended { Known::Ended } else { Known::Open };
        }
        if self.lately.contains(&(id | BY_US)) {
            Known::Reset
        } else if self.lately.contains(&id) {
            Known::Ended
        } else {
            Known::Gone
        }
    }

    /// The client has ended its half.
    pub(super) fn ended(&mut self, id: u32) {
        let Some(at) = self.find(id) else { return };
        if let Some(stream) = self.open.get_mut(at) {
            stream.ended = true;
            if stream.whole {
                self.close(at, id);
            }
        }
    }

    /// The client has reset it. True if it had no answer yet.
    pub(super) fn reset(&mut self, id: u32) -> bool {
        let Some(at) = self.find(id) else { return false };
        let unanswered = self.open.get(at).is_some_and(|stream| !stream.answered);
        self.close(at, id);
        unanswered
    }

    /// Its answer has begun.
    pub(super) fn answered(&mut self, id: u32) {
        if let Some(stream) = self.find(id).and_then(|at| self.open.get_mut(at)) {
            stream.answered = true;
        }
    }

    /// Its answer is whole.
    pub(super) fn whole(&mut self, id: u32) {
        let Some(at) = self.find(id) else { return };
        if let Some(stream) = self.open.get_mut(at) {
            stream.whole = true;
            if stream.ended {
                self.close(at, id);
            }
        }
    }

    /// We have reset it.
    pub(super) fn reset_by_us(&mut self, id: u32) {
        if let Some(at) = self.find(id) {
            self.close(at, id | BY_US);
        }
    }

    fn find(&self, id: u32) -> Option<usize> {
        self.open.binary_search_by_key(&id, |stream| stream.id).ok()
    }

    fn close(&mut self, at: usize, remembered: u32) {
        self.open.remove(at);
        if let Some(slot) = self.lately.get_mut(self.next) {
            *slot = remembered;
        }
        self.next = (self.next + 1) % REMEMBERED;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_open_until_both_have_ended_it() {
        let mut streams = Streams::default();
        streams.open(1, false);
        streams.answered(1);
        streams.whole(1);
        assert_eq!(
            streams.known(1),
            Known::Open,
            "the client may still send its body"
        );
        streams.ended(1);
        assert_eq!(streams.known(1), Known::Ended);
        assert!(streams.open.is_empty());
        assert_eq!(streams.known(3), Known::Gone);
    }

    #[test]
    fn what_we_reset_may_still_be_sent_to_for_a_while() {
        let mut streams = Streams::default();
        streams.open(1, false);
        streams.reset_by_us(1);
        assert_eq!(streams.known(1), Known::Reset);
        for at in 1..=128 {
            streams.open(1 + 2 * at, true);
            streams.whole(1 + 2 * at);
        }
        assert_eq!(streams.known(1), Known::Gone);
        assert_eq!(streams.known(257), Known::Ended);
    }

    #[test]
    fn only_a_reset_without_an_answer_is_news() {
        let mut streams = Streams::default();
        streams.open(1, true);
        streams.open(3, true);
        streams.answered(3);
        assert!(streams.reset(1));
        assert!(!streams.reset(3));
        assert!(!streams.reset(3));
    }

    #[test]
    fn the_books_have_a_last_page() {
        let mut streams = Streams::default();
        let opened = (0..1000).take_while(|n| streams.open(1 + 2 * n, true)).count();
        assert_eq!(opened, MOST);
    }
}
