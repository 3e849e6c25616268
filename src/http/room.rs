//! What one connection with many requests may have us hold, so that it stays below a mebibyte whatever its client thinks
//! of: requests under way with their heads and with bodies that nobody has read yet, and pieces of answers that the
//! client does not take. Without it a hundred streams would fill a hundred buffers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::Waker;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::HeaderMap;

/// For what comes from the client, in bytes: a hundred requests with small heads, or eighty of a browser's size, or fifty of
/// these and all bodies that flow control lets it send.
const COMING: usize = 816 << 10;
/// For answers on their way to it. The rest of the mebibyte is for the connection itself and half a head.
const GOING: usize = 96 << 10;
/// What a request holds in any case, on both sides, until its answer is taken: its task, its places in the tables of both
/// connections, a small head, and a little of its answer, which it may always have.
const REQUEST: usize = 7 << 10;
/// With less than that left, answers wait for each other.
const SCARCE: usize = 16 << 10;
/// The head that is part of that.
const HEAD: usize = 1 << 10;
/// A place for a field in a map, with that in its index.
const PLACE: usize = 112;
/// What holds a name and a value beside their octets.
const FIELD: usize = 80;

/// The room of one connection. Used by its worker alone, but given back by whoever comes to drop what lies in it.
#[derive(Debug, Default)]
pub struct Room {
    requests: AtomicUsize,
    bodies: AtomicUsize,
    going: AtomicUsize,
    /// How often what there was of answers has been offered to the socket.
    looks: AtomicUsize,
    /// The connection is not read until there is room.
    parked: AtomicBool,
    reader: AtomicWaker,
}

/// A part of it, held by what lies in it.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    octets: u32,
    side: Side,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Coming,
    Going,
}

impl Room {
    /// For a request with such a head, and so many octets of target; none if there is no room for it.
    pub fn admit(self: &Arc<Self>, fields: &HeaderMap, target: usize) -> Option<Share> {
        let octets = REQUEST + (weight(fields) + target).saturating_sub(HEAD);
        (self.coming() + octets <= COMING).then(|| self.share(octets, Side::Coming))
    }

    /// How much of the bodies that came has not been read.
    pub fn unread(&self, octets: usize) {
        if self.bodies.load(Relaxed) != octets {
            self.bodies.store(octets, Relaxed);
            self.look();
        }
    }

    /// Whether nothing more may come for now; who reads is woken once it may.
    pub fn is_full(&self, reader: &Waker) -> bool {
        if self.coming() < COMING {
            return false;
        }
        self.reader.register(reader);
        self.parked.store(true, Relaxed);
        true
    }

    /// As much of an answer as there is room for, and half of what is left at most, so that one that is not taken leaves
    /// some to the others; nothing if there is none.
    pub fn part(self: &Arc<Self>, wanted: usize) -> Option<Share> {
        let octets = wanted.min(self.left() / 2);
        (octets > 0).then(|| self.share(octets, Side::Going))
    }

    /// Whether an answer should wait a turn: little is left, and since it waited last the socket was offered what others have,
    /// which may have made room. `turn` is where it keeps when that was. Where the socket takes nothing of that, it goes on by
    /// little.
    pub fn should_wait(&self, turn: &mut usize) -> bool {
        let looks = self.looks.load(Relaxed) + 1;
        self.is_scarce() && std::mem::replace(turn, looks) != looks
    }

    /// The socket was offered what there was of answers.
    pub fn looked(&self) {
        self.looks.fetch_add(1, Relaxed);
    }

    /// How often that was.
    pub fn looks(&self) -> usize {
        self.looks.load(Relaxed)
    }

    /// Whether there is little left for answers.
    pub fn is_scarce(&self) -> bool {
        self.left() < 2 * SCARCE
    }

    fn coming(&self) -> usize {
        self.requests.load(Relaxed) + self.bodies.load(Relaxed)
    }

    fn left(&self) -> usize {
        GOING.saturating_sub(self.going.load(Relaxed))
    }

    fn share(self: &Arc<Self>, octets: usize, side: Side) -> Share {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        self.side(side).fetch_add(octets as usize, Relaxed);
        Share {
            room: Arc::clone(self),
            octets,
            side,
        }
    }

    fn side(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Coming => &self.requests,
            Side::Going => &self.going,
        }
    }

    fn look(&self) {
        if self.parked.load(Relaxed) && self.coming() < COMING {
            self.parked.store(false, Relaxed);
            self.reader.wake();
        }
    }
}

/// What a head holds of memory. Names and values may lie in a table of the connection, or be its own.
fn weight(fields: &HeaderMap) -> usize {
    let octets: usize = fields
        .iter()
        .map(|(name, value)| FIELD + name.as_str().len() + value.len())
        .sum();
    octets + fields.capacity() * PLACE
}

impl Share {
    /// How large it is.
    pub fn octets(&self) -> usize {
        self.octets as usize
    }

    /// The bytes, which keep the share until the last of them is dropped.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let share = Arc::clone(self);
        Bytes::from_owner(Held { bytes, _share: share })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.side(self.side).fetch_sub(self.octets(), Relaxed);
        if matches!(self.side, Side::Coming) {
            self.room.look();
        }
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
        let share = Arc::new(room.part(GOING).unwrap());
        assert_eq!(share.octets(), GOING / 2);
        let held = share.hold(Bytes::from_static(b"in it"));
        drop(share);
        let end = held.slice(3..);
        drop(held);
        assert_eq!(room.part(GOING).unwrap().octets(), GOING / 4, "the end is held");
        drop(end);
        assert_eq!(room.part(GOING).unwrap().octets(), GOING / 2);
    }

    #[test]
    fn there_is_an_end_to_answers() {
        let room = Arc::<Room>::default();
        let shares: Vec<_> = std::iter::from_fn(|| room.part(1024)).collect();
        assert!(shares.iter().map(Share::octets).sum::<usize>() <= GOING);
        assert!(room.is_scarce() && room.part(1).is_none());
    }

    #[test]
    fn a_hundred_requests_of_a_browser_find_room_and_as_many_of_an_attacker_do_not() {
        assert!(admitted(6, 40) >= 100, "{}", admitted(6, 40));
        assert!(admitted(14, 40) >= 75, "{}", admitted(14, 40));
        assert!((10..20).contains(&admitted(90, 300)), "{}", admitted(90, 300));
        assert!((20..50).contains(&admitted(90, 0)), "{}", admitted(90, 0));
    }

    #[test]
    fn bodies_take_the_room_of_heads_and_a_full_room_is_not_read_into() {
        struct Woken(AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Relaxed);
            }
        }
        let (room, woken) = (Arc::<Room>::default(), Arc::new(Woken(AtomicBool::new(false))));
        let reader = Waker::from(Arc::clone(&woken));
        let large = room.admit(&head(90, 300), 0).unwrap();
        assert!(!room.is_full(&reader));
        room.unread(COMING - 1024);
        assert!(room.is_full(&reader) && room.admit(&head(90, 0), 0).is_none());
        assert!(room.admit(&head(1, 1), 0).is_none(), "not even a small one");
        drop(large);
        assert!(woken.0.swap(false, Relaxed) && !room.is_full(&reader));
        room.unread(COMING);
        assert!(room.is_full(&reader));
        room.unread(0);
        assert!(woken.0.load(Relaxed));
    }
}
