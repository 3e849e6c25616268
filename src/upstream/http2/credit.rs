//! What the server may send of one answer, as its client takes it. Where the client has many answers at once, they share.

use std::sync::Arc;

use crate::http::room::{Room, Share};
use crate::upstream::http2::windows::{LEAST, MOST, Start, Windows};

/// The window of one stream, from the side of who takes the answer. Dropped, the stream has none any more.
#[derive(Debug)]
pub(super) struct Credit {
    windows: Arc<Windows>,
    stream: u32,
    /// Beyond what every stream has; none where nobody has to share.
    share: Option<Share>,
    /// Nothing more will come.
    ended: bool,
}

/// What there is room for of an answer before its request is sent: that decides on which connection it is.
#[derive(Debug)]
pub(super) struct Allowance {
    share: Option<Share>,
    /// What its stream begins with.
    pub(super) start: Start,
}

impl Allowance {
    /// Of the room, where there is one to share.
    pub(super) fn of(room: Option<&Arc<Room>>) -> Self {
        let share = room.map(|room| room.window((Start::Enough.octets() - LEAST) as usize));
        let scarce = share.as_ref().is_some_and(|share| share.octets() == 0);
        Self {
            share,
            start: if scarce { Start::Least } else { Start::Enough },
        }
    }
}

impl Credit {
    /// For a stream that begins.
    pub(super) fn open(windows: &Arc<Windows>, stream: u32, allowance: Allowance) -> Self {
        let first = allowance.start.octets();
        let octets = allowance.share.as_ref().map_or(MOST, |_| first);
        windows.open(stream, octets);
        Self {
            windows: Arc::clone(windows),
            stream,
            share: allowance.share,
            ended: false,
        }
    }

    /// So much of the answer was taken.
    pub(super) fn took(&mut self, taken: usize) {
        let taken = u32::try_from(taken).unwrap_or(u32::MAX);
        if self.ended {
            self.windows.took(self.stream, taken, 0);
            self.settle();
        } else {
            let (held, used_up) = self.windows.held(self.stream);
            let octets = self.balance(held.saturating_sub(taken), used_up);
            self.windows.took(self.stream, taken, octets);
        }
    }

    /// Nothing more will come: what lies here is all that needs room.
    pub(super) fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        let unread = self.windows.end(self.stream);
        if let Some(share) = &mut self.share {
            share.shrink(unread.saturating_sub(LEAST) as usize);
        }
    }

    /// What may be sent now in all, where so much is there or on the way and cannot be taken back. Most streams have enough
    /// with what they begin with: more is for those that use it up.
    fn balance(&mut self, held: u32, used_up: bool) -> u32 {
        let Some(share) = &mut self.share else {
            return MOST;
        };
        let least = held.saturating_sub(LEAST) as usize;
        let most = if used_up {
            (MOST - LEAST) as usize
        } else {
            share.octets()
        };
        share.balance(least, most);
        LEAST + u32::try_from(share.octets()).unwrap_or(MOST)
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        self.windows.close(self.stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows() -> Arc<Windows> {
        Arc::new(Windows::new(Start::Enough))
    }

    fn open(windows: &Arc<Windows>, stream: u32, room: Option<&Arc<Room>>) -> Credit {
        Credit::open(windows, stream, Allowance::of(room))
    }

    /// What the server may send comes, and is taken.
    fn flow(windows: &Windows, credit: &mut Credit, octets: u32) {
        assert_eq!(windows.came(credit.stream, octets), Ok(()));
        credit.took(octets as usize);
    }

    fn held(windows: &Windows, stream: u32) -> u32 {
        windows.held(stream).0
    }

    #[test]
    fn who_does_not_share_has_all() {
        let windows = windows();
        let _credit = open(&windows, 1, None);
        assert_eq!(held(&windows, 1), MOST);
    }

    #[test]
    fn many_that_only_wait_leave_half_to_those_that_flow() {
        let (windows, room) = (windows(), Arc::default());
        let allowances: Vec<_> = (0..60).map(|_| Allowance::of(Some(&room))).collect();
        let enough = allowances.iter().filter(|one| one.start == Start::Enough);
        assert!((10..30).contains(&enough.count()), "some begin with enough");
        let mut credit = open(&windows, 1, Some(&room));
        for _ in 0..5 {
            flow(&windows, &mut credit, held(&windows, 1));
        }
        assert!(held(&windows, 1) > 16 << 10, "one that flows has more");
    }

    #[test]
    fn what_is_not_used_up_does_not_grow() {
        let (windows, room) = (windows(), Arc::default());
        let mut credit = open(&windows, 1, Some(&room));
        for _ in 0..1000 {
            flow(&windows, &mut credit, 20);
        }
        assert!(held(&windows, 1) <= Start::Enough.octets());
    }

    #[test]
    fn a_hundred_have_a_bound_whatever_they_do() {
        let (windows, room) = (windows(), Arc::default());
        let mut credits: Vec<_> = (0..100).map(|n| open(&windows, 2 * n + 1, Some(&room))).collect();
        for _ in 0..20 {
            for credit in &mut credits {
                let octets = held(&windows, credit.stream);
                flow(&windows, credit, octets);
            }
        }
        let sum: u32 = credits.iter().map(|credit| held(&windows, credit.stream)).sum();
        assert!((40 << 10..=114 << 10).contains(&sum), "{sum}");
        drop(credits);
        let mut alone = open(&windows, 201, Some(&room));
        flow(&windows, &mut alone, Start::Enough.octets());
        assert!(held(&windows, 201) >= 32 << 10, "nothing was given back");
    }

    #[test]
    fn those_that_go_on_come_to_have_the_same() {
        let (windows, room) = (windows(), Arc::default());
        let mut credits = [1, 3].map(|stream| open(&windows, stream, Some(&room)));
        for _ in 0..20 {
            for credit in &mut credits {
                flow(&windows, credit, held(&windows, credit.stream));
            }
        }
        let [one, other] = [1, 3].map(|stream| held(&windows, stream));
        assert!(
            one.abs_diff(other) < 4 << 10 && one > 16 << 10,
            "{one} and {other}"
        );
    }

    #[test]
    fn an_answer_that_has_come_needs_room_for_what_lies_here() {
        let (windows, room) = (windows(), Arc::default());
        let mut credit = open(&windows, 1, Some(&room));
        assert_eq!(windows.came(1, 2000), Ok(()));
        credit.end();
        let share = |credit: &Credit| credit.share.as_ref().map(Share::octets);
        assert_eq!(share(&credit), Some(2000 - LEAST as usize));
        credit.took(2000);
        assert_eq!(share(&credit), Some(0));
    }
}
