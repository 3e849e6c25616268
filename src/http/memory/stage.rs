//! How near the ceiling of the process is, judged look by look: pure rules, the clock passed in.

use std::time::{Duration, Instant};

/// The ceiling is near from so many hundredths of it on.
const NEAR: u64 = 85;
/// And no longer near below so many, so that it does not come and go with each body.
const FREE: u64 = 80;
/// How long it is near before connections are reset; where it is reached they are reset at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// How near the ceiling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Far away.
    Free,
    /// Idle connections are closed, and those that hold much are not read.
    Near,
    /// Reached: new connections are refused.
    Full,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// How near the ceiling is now.
    pub stage: Stage,
    /// Whether that is news.
    pub changed: bool,
    /// Whether the largest connection is to be reset.
    pub reset: bool,
}

/// Who looks, and since when the ceiling has been near.
#[derive(Debug)]
pub struct Watchman {
    stage: Stage,
    near_since: Option<Instant>,
}

impl Stage {
    /// From a number, as it is kept where all workers read it.
    pub(super) fn of(number: u8) -> Self {
        match number {
            0 => Self::Free,
            1 => Self::Near,
            _ => Self::Full,
        }
    }

    /// In logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Near => "near",
            Self::Full => "full",
        }
    }
}

impl Default for Watchman {
    fn default() -> Self {
        Self {
            stage: Stage::Free,
            near_since: None,
        }
    }
}

impl Watchman {
    /// The process uses so many bytes of those that it may.
    pub fn look(&mut self, used: u64, ceiling: u64, now: Instant) -> Look {
        let part = |hundredths: u64| ceiling / 100 * hundredths;
        let stage = if used >= ceiling {
            Stage::Full
        } else if used >= part(NEAR) || self.stage != Stage::Free && used >= part(FREE) {
            Stage::Near
        } else {
            Stage::Free
        };
        let since = match stage {
            Stage::Free => None,
            Stage::Near | Stage::Full => Some(*self.near_since.get_or_insert(now)),
        };
        self.near_since = since;
        Look {
            stage,
            changed: std::mem::replace(&mut self.stage, stage) != stage,
            reset: stage == Stage::Full
                || used >= part(NEAR) && since.is_some_and(|since| now - since >= PATIENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_what_is_used_and_resets_wait_for_a_second() {
        let (mut watchman, start) = (Watchman::default(), Instant::now());
        let mut look = |used, millis| watchman.look(used, 1000, start + Duration::from_millis(millis));
        let told = |stage, changed, reset| Look {
            stage,
            changed,
            reset,
        };
        assert_eq!(look(849, 0), told(Stage::Free, false, false));
        assert_eq!(look(850, 20), told(Stage::Near, true, false));
        assert_eq!(look(1000, 40), told(Stage::Full, true, true));
        assert_eq!(look(900, 1019), told(Stage::Near, true, false));
        assert_eq!(look(900, 1020), told(Stage::Near, false, true));
        assert_eq!(look(810, 1040), told(Stage::Near, false, false));
        assert_eq!(look(799, 1060), told(Stage::Free, true, false));
        assert_eq!(look(820, 1080), told(Stage::Free, false, false));
        assert_eq!(look(860, 1100), told(Stage::Near, true, false));
        assert_eq!(look(860, 2099), told(Stage::Near, false, false));
    }
}
