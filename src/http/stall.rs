//! What a task that sends an answer waits for, the upstream or its client, noted while it is polled: HTTP/2
//! tells nobody that a client grants no window, but whoever then polls the task sees that the body was not
//! asked for more. The notes belong to the thread, so they are read where they were made, right after the poll.

use std::cell::Cell;
use std::time::Duration;

/// What was noted during one poll.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notes {
    /// The body of an answer has begun, and its client may take nothing of it for so long.
    pub begun: Option<Option<Duration>>,
    /// The last word on the body: true if it is waited for, false if a piece of it was handed on.
    pub waits_for_source: Option<bool>,
}

thread_local! {
    static NOTES: Cell<Notes> = const { Cell::new(Notes { begun: None, waits_for_source: None }) };
    static GIVING_UP: Cell<bool> = const { Cell::new(false) };
}

/// The body of an answer begins, whose client may take nothing for so long; what was noted of other bodies is void.
pub fn begin(timeout: Option<Duration>) {
    NOTES.set(Notes {
        begun: Some(timeout),
        waits_for_source: None,
    });
}

/// A body was asked for its next piece, and gave one or has none yet.
pub fn asked(waits_for_source: bool) {
    NOTES.set(Notes {
        waits_for_source: Some(waits_for_source),
        ..NOTES.get()
    });
}

/// Polls a body that is within another: what it hands on goes to that one, and only what that hands on is noted.
pub fn within<T>(poll: impl FnOnce() -> T) -> T {
    let notes = NOTES.get();
    let polled = poll();
    NOTES.set(notes);
    polled
}

/// The notes, which are void after this.
pub fn take() -> Notes {
    NOTES.take()
}

/// Runs what drops all that belongs to a client that takes nothing, so that it can tell why it is dropped.
pub fn give_up(drop: impl FnOnce()) {
    GIVING_UP.set(true);
    drop();
    GIVING_UP.set(false);
}

/// Whether what is being dropped is given up.
pub fn is_giving_up() -> bool {
    GIVING_UP.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told<'a>(&'a Cell<bool>);

    impl Drop for Told<'_> {
        fn drop(&mut self) {
            self.0.set(is_giving_up());
        }
    }

    #[test]
    fn the_last_word_counts_and_only_for_the_body_that_has_begun() {
        asked(true);
        begin(None);
        assert_eq!(take().waits_for_source, None);
        begin(Some(Duration::from_secs(1)));
        asked(true);
        asked(false);
        let notes = take();
        assert_eq!(notes.begun, Some(Some(Duration::from_secs(1))));
        assert_eq!(notes.waits_for_source, Some(false));
        assert_eq!(take().begun, None);
    }

    #[test]
    fn a_body_within_another_is_not_noted() {
        asked(true);
        within(|| asked(false));
        assert_eq!(take().waits_for_source, Some(true));
    }

    #[test]
    fn who_is_given_up_can_tell() {
        let told = Cell::new(false);
        give_up(|| drop(Told(&told)));
        assert!(told.get() && !is_giving_up());
    }
}
