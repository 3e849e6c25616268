//! How much may be spent on what brings nothing: a client begins with a little, earns more by being served, and
//! is given the first sum again after a while, so that a long life alone does not use it up. The clock is
//! asked only when the purse is empty.

use std::time::{Duration, Instant};

/// A sum that is spent and earned.
#[derive(Debug)]
pub(super) struct Purse {
    left: u32,
    first: u32,
    most: u32,
    /// When it was last filled.
    since: Instant,
}

/// After how long it is filled again.
const PERIOD: Duration = Duration::from_secs(10);

/// Unanswered streams that a client may reset, or make us reset: a page that is left while it loads does so to
/// all it asked for, an attacker to all it ever asks for (CVE-2023-44487, CVE-2025-8671). Each answer
/// earns one, since who reads answers is no flood.
pub(super) fn resets(now: Instant) -> Purse {
    Purse {
        left: 40,
        first: 40,
        most: 200,
        since: now,
    }
}

/// Frames that carry nothing of a request: settings, pings, priorities, windows, the unknown and the empty. What is
/// sent to the client earns some, since windows and pings go with it.
pub(super) fn chatter(now: Instant) -> Purse {
    Purse {
        left: 1000,
        first: 1000,
        most: 4000,
        since: now,
    }
}

impl Purse {
    /// Adds to it.
    pub(super) fn earn(&mut self, sum: u32) {
        self.left = (self.left + sum).min(self.most);
    }

    /// Takes from it; false if there is not enough.
    pub(super) fn spend(&mut self, sum: u32, now: &impl Fn() -> Instant) -> bool {
        if let Some(left) = self.left.checked_sub(sum) {
            self.left = left;
            return true;
        }
        let now = now();
        if now.saturating_duration_since(self.since) < PERIOD {
            return false;
        }
        self.since = now;
        self.left = self.first.saturating_sub(sum);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_by_earning_or_by_waiting() {
        let start = Instant::now();
        let mut purse = resets(start);
        let spent = (0..100).take_while(|_| purse.spend(1, &|| start)).count();
        assert_eq!(spent, 40);
        purse.earn(2);
        assert!(purse.spend(2, &|| start));
        assert!(!purse.spend(1, &|| start + PERIOD / 2));
        assert!(purse.spend(1, &|| start + PERIOD));
        assert!(purse.spend(39, &|| start + PERIOD));
        assert!(!purse.spend(1, &|| start + PERIOD));
    }

    #[test]
    fn no_more_is_earned_than_a_purse_holds() {
        let start = Instant::now();
        let mut purse = resets(start);
        purse.earn(1000);
        assert!(purse.spend(200, &|| start));
        assert!(!purse.spend(1, &|| start));
    }
}
