//! A sliding window: never more than so many requests in any window of the given length.
//! It errs towards strict by at most a tenth of the window, and has no notion of a burst: all at once is fine.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::table::Idle;
use crate::store::{Verdict, nanos};

/// In how many sub-counters a window is kept: a request counts for at most 1/N of a window longer than it should.
const PARTS: u64 = 10;
/// One more, for the part that lies half inside the window.
const SLOTS: usize = 11;
/// The moment of a slot's last request is kept in so many steps of the slot.
const STEPS: u64 = 256;

/// So many requests in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowQuota {
    count: u32,
    /// Nanoseconds in a slot, a tenth of the window.
    slot: u64,
}

/// What one key has spent. It forgets nothing it was told within the window, in 64 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// When the last request will have left the window; 0 if none was ever taken. The newest slot follows from it.
    free_at: u64,
    /// Requests in the slots, a ring by slot number.
    counts: [u32; SLOTS],
    /// In which step of its slot the last request came.
    lasts: [u8; SLOTS],
}

impl WindowQuota {
    /// `count` requests, at least one, in any window of length `per` (rounded up to tens of nanoseconds).
    pub fn new(count: u32, per: Duration) -> Self {
        Self {
            count: count.max(1),
            slot: nanos(per).clamp(1, u64::MAX / 4096).div_ceil(PARTS),
        }
    }

    /// How many may pass in a window.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The window's length.
    pub fn per(&self) -> Duration {
        Duration::from_nanos(self.window())
    }

    fn window(&self) -> u64 {
        self.slot * PARTS
    }
}

impl Window {
    /// What [`take`](Self::take) would say, spending nothing.
    pub fn peek(&self, quota: &WindowQuota, now: Duration) -> Verdict {
        let now = nanos(now);
        let used = self
            .live(quota, now)
            .map(|(_, count)| u64::from(count))
            .sum::<u64>();
        let remaining = u32::try_from(u64::from(quota.count).saturating_sub(used)).unwrap_or(0);
        let reset = Duration::from_nanos(self.free_at.saturating_sub(now));
        let retry_after = if remaining == 0 {
            self.wait(quota, now, used)
        } else {
            Duration::ZERO
        };
        Verdict {
            allowed: remaining > 0,
            remaining,
            reset,
            retry_after,
        }
    }

    /// Spends one, if one is left. `now` may lie a little behind that of an earlier call: workers read their clocks
    /// at different moments.
    pub fn take(&mut self, quota: &WindowQuota, now: Duration) -> Verdict {
        let verdict = self.peek(quota, now);
        if !verdict.allowed {
            return verdict;
        }
        self.record(quota, nanos(now));
        let reset = Duration::from_nanos(self.free_at.saturating_sub(nanos(now)));
        Verdict {
            remaining: verdict.remaining - 1,
            reset,
            ..verdict
        }
    }

    /// Whether nothing is left of what was taken: as good as new.
    pub fn is_free(&self, now: Duration) -> bool {
        self.free_at <= nanos(now)
    }

    /// When each slot that still counts leaves the window, and what it holds; oldest first.
    fn live(&self, quota: &WindowQuota, now: u64) -> impl Iterator<Item = (u64, u32)> {
        let newest = if self.free_at > now {
            self.newest(quota)
        } else {
            None
        };
        let slots = newest.map(|newest| newest.saturating_sub(PARTS)..=newest);
        slots.into_iter().flatten().filter_map(move |slot| {
            let count = self.counts.get(place(slot)).copied().filter(|count| *count > 0)?;
            let last = self.lasts.get(place(slot)).copied()?;
            let leaves = leaves(quota, slot, last);
            (leaves > now).then_some((leaves, count))
        })
    }

    /// Until so many have left that there is room for one.
    fn wait(&self, quota: &WindowQuota, now: u64, used: u64) -> Duration {
        let excess = used.saturating_sub(u64::from(quota.count));
        let mut left = 0;
        let next = self.live(quota, now).find(|(_, count)| {
            left += u64::from(*count);
            left > excess
        });
        Duration::from_nanos(next.map_or(0, |(leaves, _)| leaves - now))
    }

    fn newest(&self, quota: &WindowQuota) -> Option<u64> {
        let last = self.free_at.checked_sub(quota.window() + 1)?;
        Some(last / quota.slot)
    }

    fn record(&mut self, quota: &WindowQuota, now: u64) {
        let newest = self.newest(quota);
        let slot = (now / quota.slot).max(newest.unwrap_or(0));
        // Slots skipped over still hold what left the window a turn of the ring ago.
        let first_stale = newest
            .map_or(0, |newest| newest + 1)
            .max(slot.saturating_sub(PARTS));
        for stale in first_stale..=slot {
            self.set(stale, 0, 0);
        }
        let offset = now.saturating_sub(slot * quota.slot);
        let step =
            u8::try_from(u128::from(offset) * u128::from(STEPS) / u128::from(quota.slot)).unwrap_or(u8::MAX);
        let count = self.counts.get(place(slot)).copied().unwrap_or(0);
        let last = self.lasts.get(place(slot)).copied().unwrap_or(0).max(step);
        self.set(slot, count.saturating_add(1), last);
        self.free_at = leaves(quota, slot, last);
    }

    fn set(&mut self, slot: u64, count: u32, last: u8) {
        if let (Some(counts), Some(lasts)) =
            (self.counts.get_mut(place(slot)), self.lasts.get_mut(place(slot)))
        {
            (*counts, *lasts) = (count, last);
        }
    }
}

impl Idle for Mutex<Window> {
    fn idle(&self, now: Duration) -> bool {
        self.lock().unwrap_or_else(PoisonError::into_inner).is_free(now)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a remainder of 11")]
fn place(slot: u64) -> usize {
    (slot % SLOTS as u64) as usize
}

/// When a request in this step of this slot has left the window; never early.
fn leaves(quota: &WindowQuota, slot: u64, step: u8) -> u64 {
    let offset = (u128::from(step) + 1) * u128::from(quota.slot);
    let offset = u64::try_from(offset.div_ceil(u128::from(STEPS))).unwrap_or(quota.slot);
    (slot * quota.slot)
        .saturating_add(offset)
        .saturating_add(quota.window())
}

#[cfg(test)]
mod tests;
