//! Letters that wait to be sent: events before transactions, few of each. What does not fit is lost, so
//! that a Sentry that is down costs nothing but reports.

use std::collections::VecDeque;

use crate::observe::crashes::letter::{Letter, Matter};

/// Events that may wait: a minute's budget, as it usually is. Each may hold a stack of some ten KiB.
const EVENTS: usize = 64;
/// Transactions that may wait, of half a KiB each.
const TRANSACTIONS: usize = 512;

/// The letters that wait.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    events: VecDeque<Letter>,
    transactions: VecDeque<Letter>,
}

impl Outbox {
    /// Puts a letter in, or gives it back if there is no room.
    pub(super) fn put(&mut self, letter: Letter) -> Result<(), Letter> {
        let (queue, room) = match letter.matter {
            Matter::Event => (&mut self.events, EVENTS),
            Matter::Transaction => (&mut self.transactions, TRANSACTIONS),
        };
        if queue.len() >= room {
            return Err(letter);
        }
        queue.push_back(letter);
        Ok(())
    }

    /// The next to be sent.
    pub(super) fn take(&mut self) -> Option<Letter> {
        self.events.pop_front().or_else(|| self.transactions.pop_front())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn letter(matter: Matter) -> Letter {
        Letter {
            matter,
            bytes: Vec::new(),
        }
    }

    #[test]
    fn events_go_first() {
        let mut outbox = Outbox::default();
        outbox.put(letter(Matter::Transaction)).unwrap();
        outbox.put(letter(Matter::Event)).unwrap();
        assert_eq!(outbox.take().unwrap().matter, Matter::Event);
        assert_eq!(outbox.take().unwrap().matter, Matter::Transaction);
        assert!(outbox.take().is_none());
    }

    #[test]
    fn transactions_never_take_an_events_room() {
        let mut outbox = Outbox::default();
        while outbox.put(letter(Matter::Transaction)).is_ok() {}
        assert_eq!(outbox.transactions.len(), TRANSACTIONS);
        assert!(outbox.put(letter(Matter::Event)).is_ok());
    }
}
