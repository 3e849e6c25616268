//! Which events are worth sending: the first of each kind in a minute, and so many a minute in all. The
//! others are counted, and the next event of the kind says how many there were. A pure rule.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long one event stands for all of its kind; also the window of the budget.
const MINUTE: Duration = Duration::from_mins(1);
/// How long a kind is remembered after its last event.
const MEMORY: Duration = Duration::from_hours(1);

/// What makes two events the same: the route, and the class of failure or the place of the panic.
pub(super) type Kind = (Box<str>, Box<str>);

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Sent, as one more than so many before it that were not.
    Send(u64),
    /// Not sent.
    Suppress,
}

/// The kinds seen lately, and what is left of the minute.
#[derive(Debug, Default)]
pub(super) struct Budget {
    minute: Option<Instant>,
    spent: u32,
    kinds: HashMap<Kind, Seen>,
}

#[derive(Debug)]
struct Seen {
    sent: Option<Instant>,
    last: Instant,
    suppressed: u64,
}

impl Budget {
    /// Judges an event of this kind, at most so many a minute being sent.
    pub(super) fn judge(&mut self, kind: Kind, most: u32, now: Instant) -> Ruling {
        let over = |since: Instant| now.saturating_duration_since(since) >= MINUTE;
        if self.minute.is_none_or(over) {
            self.minute = Some(now);
            self.spent = 0;
            self.kinds
                .retain(|_, seen| now.saturating_duration_since(seen.last) < MEMORY);
        }
        let seen = self.kinds.entry(kind).or_insert(Seen {
            sent: None,
            last: now,
            suppressed: 0,
        });
        seen.last = now;
        if self.spent >= most || !seen.sent.is_none_or(over) {
            seen.suppressed += 1;
            return Ruling::Suppress;
        }
        self.spent += 1;
        seen.sent = Some(now);
        Ruling::Send(std::mem::take(&mut seen.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Kind {
        ("route".into(), name.into())
    }

    #[test]
    fn one_kind_is_sent_once_a_minute_and_says_how_many_there_were() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let mut judge = |second| budget.judge(kind("a"), 60, start + Duration::from_secs(second));
        assert_eq!(judge(0), Ruling::Send(0));
        assert_eq!((judge(1), judge(59)), (Ruling::Suppress, Ruling::Suppress));
        assert_eq!(judge(60), Ruling::Send(2));
        assert_eq!(judge(119), Ruling::Suppress);
        assert_eq!(judge(300), Ruling::Send(1));
    }

    #[test]
    fn other_kinds_and_routes_are_judged_apart() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        assert_eq!(budget.judge(kind("a"), 60, now), Ruling::Send(0));
        assert_eq!(budget.judge(kind("b"), 60, now), Ruling::Send(0));
        assert_eq!(
            budget.judge(("elsewhere".into(), "a".into()), 60, now),
            Ruling::Send(0)
        );
    }

    #[test]
    fn the_budget_of_a_minute_is_never_exceeded_and_then_comes_back() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let sent = |budget: &mut Budget, at: u64| {
            let now = start + Duration::from_secs(at);
            (0..100)
                .filter(|n| budget.judge(kind(&n.to_string()), 10, now) != Ruling::Suppress)
                .count()
        };
        assert_eq!(sent(&mut budget, 0), 10);
        assert_eq!(sent(&mut budget, 59), 0);
        assert_eq!(sent(&mut budget, 60), 10);
    }

    #[test]
    fn no_budget_is_off() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        assert_eq!(budget.judge(kind("a"), 0, now), Ruling::Suppress);
    }

    #[test]
    fn kinds_long_gone_are_forgotten() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        for number in 0..1000 {
            budget.judge(kind(&number.to_string()), 1, start);
        }
        budget.judge(kind("late"), 1, start + MEMORY);
        assert_eq!(budget.kinds.len(), 1);
    }
}
