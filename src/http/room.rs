//! What one connection with many requests may have us hold: heads of requests under way, pieces of answers that are not
//! read, state of codings. All of it comes out of one sum, so that no way to fill it, nor all of them together, goes
//! beyond that. Without it a hundred streams would fill a hundred buffers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use http::HeaderMap;

/// What there is to share, in bytes.
pub const ALL: usize = 704 << 10;
/// What a request under way holds in any case: its task, its place among the streams, its connection to the server, a
/// small head, and a little of its answer, which it may always have.
pub const REQUEST: usize = 5 << 10;
/// The head that is part of that.
const HEAD: usize = 1 << 10;
/// Left for answers, whatever else is held.
const ANSWERS: usize = 64 << 10;
/// With less than that left, answers wait for each other.
const SCARCE: usize = 16 << 10;
/// With less than that left, nothing more is kept that could be done without.
const LOW: usize = ALL / 8;
/// A field in a map, with its place in the index.
const FIELD: usize = 112;

/// The room of one connection. Taken by its worker alone, given back by whoever comes to drop what lies in it.
#[derive(Debug)]
pub struct Room(AtomicUsize);

/// A part of it, held by what lies in it.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    octets: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self(AtomicUsize::new(ALL))
    }
}

impl Room {
    /// For a request with such a head; none if there is no room for it.
    pub fn admit(self: &Arc<Self>, fields: &HeaderMap, target: usize) -> Option<Share> {
        let head = weight(fields) + target;
        self.whole(REQUEST + head.saturating_sub(HEAD))
    }

    /// All that is asked for, or nothing.
    pub fn whole(self: &Arc<Self>, octets: usize) -> Option<Share> {
        (octets + ANSWERS <= self.left()).then(|| self.share(octets))
    }

    /// As much of an answer as there is room for; nothing if there is none.
    pub fn part(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let octets = wanted.min(self.left());
        (octets > 0).then(|| self.share(octets))
    }

    /// Whether little is left.
    pub fn is_scarce(&self) -> bool {
        self.left() < SCARCE
    }

    /// For what is kept long and could be done without: an eighth of what is left, and nothing where room is low, in which
    /// requests and answers come and go.
    pub fn spare(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let octets = wanted.min(self.left().saturating_sub(LOW) / 8);
        (octets > 0).then(|| self.share(octets))
    }

    /// Whether there is little room, though not yet none to speak of.
    pub fn is_low(&self) -> bool {
        self.left() < LOW
    }

    fn left(&self) -> usize {
        self.0.load(Relaxed)
    }

    fn share(self: &Arc<Self>, octets: usize) -> Share {
        self.0.fetch_sub(octets, Relaxed);
        Share {
            room: Arc::clone(self),
            octets,
        }
    }
}

/// What a head holds of memory: names and values may be in a table of the connection, or its own.
fn weight(fields: &HeaderMap) -> usize {
    let octets: usize = fields
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    octets + fields.capacity().max(fields.len()) * FIELD
}

impl Share {
    /// How large it is.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// The bytes, which keep the share until the last of them is dropped.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let share = Arc::clone(self);
        Bytes::from_owner(Held { bytes, _share: share })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.octets, Relaxed);
    }
}

struct Held {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;
    use http::header::HeaderName;

    use super::*;

    fn head(fields: usize, octets: usize) -> HeaderMap {
        let field = |at| {
            let name = HeaderName::try_from(format!("x-{at}")).unwrap();
            (name, HeaderValue::try_from("v".repeat(octets)).unwrap())
        };
        (0..fields).map(field).collect()
    }

    fn admitted(fields: usize, octets: usize) -> usize {
        let (room, head) = (Arc::<Room>::default(), head(fields, octets));
        std::iter::from_fn(|| room.admit(&head, 10))
            .take(1000)
            .collect::<Vec<_>>()
            .len()
    }

    #[test]
    fn what_is_taken_is_missing_until_the_last_bytes_are_dropped() {
        let room = Arc::<Room>::default();
        let share = Arc::new(room.part(ALL + 1).unwrap());
        assert_eq!(share.octets(), ALL);
        let held = share.hold(Bytes::from_static(b"in it"));
        drop(share);
        let end = held.slice(3..);
        drop(held);
        assert!(room.is_scarce() && room.part(1).is_none(), "the end is held");
        drop(end);
        assert!(!room.is_scarce());
    }

    #[test]
    fn a_hundred_requests_of_a_browser_find_room_and_as_many_of_an_attacker_do_not() {
        assert!(admitted(14, 40) >= 80, "{}", admitted(14, 40));
        assert!((10..40).contains(&admitted(90, 300)), "{}", admitted(90, 300));
        assert!(admitted(90, 0) < 60, "{}", admitted(90, 0));
    }

    #[test]
    fn what_could_be_done_without_leaves_most_of_the_room() {
        let room = Arc::<Room>::default();
        let kept: Vec<_> = std::iter::from_fn(|| room.spare(ALL)).take(1000).collect();
        assert!(kept.len() < 1000 && kept.len() > 10, "{}", kept.len());
        assert!(room.whole(REQUEST).is_some());
    }

    #[test]
    fn requests_leave_room_for_answers() {
        let room = Arc::<Room>::default();
        let heads: Vec<_> = std::iter::from_fn(|| room.admit(&head(1, 1), 1)).collect();
        assert!(heads.len() > 100);
        assert!(room.whole(REQUEST).is_none());
        assert!(room.part(ANSWERS).is_some());
    }
}
