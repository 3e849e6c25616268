//! Peers that are not trusted and keep sending `X-Forwarded-For`: mostly a proxy that somebody forgot to name, so that
//! all its clients count as one. Says so once for each, and for so many at most. It holds a few counters, never names.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// After so many requests it is no accident.
const MANY: u64 = 50;

/// Peers that are counted at once; one that was told keeps its place, so there are never more lines than places.
const PLACES: usize = 64;

/// Bits of a place that count; the others tell peers apart.
const COUNT: u64 = 0xff;

/// Counts requests of peers whose word is not taken.
#[derive(Debug)]
pub struct Unbelieved([AtomicU64; PLACES]);

impl Default for Unbelieved {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Unbelieved {
    /// Counts a request; true for the one of this peer that makes it many. Peers that share a place push each other
    /// out until one of them has been told.
    pub fn is_one_too_many(&self, peer: u128) -> bool {
        let mixed = mixed(peer);
        let number = usize::try_from(mixed % PLACES as u64);
        let Some(place) = number.ok().and_then(|number| self.0.get(number)) else {
            return false;
        };
        let (mark, seen) = (mixed & !COUNT, place.load(Relaxed));
        if seen & COUNT >= MANY {
            return false;
        }
        let next = if seen & !COUNT == mark { seen + 1 } else { mark | 1 };
        // Whoever loses the race is not counted.
        place.compare_exchange(seen, next, Relaxed, Relaxed).is_ok() && next & COUNT == MANY
    }
}

/// Spreads addresses over the places (the finalizer of `SplitMix64`, over both halves).
#[expect(clippy::cast_possible_truncation, reason = "the halves")]
fn mixed(peer: u128) -> u64 {
    let mut bits = (peer >> 64) as u64 ^ (peer as u64).rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_told_of_once() {
        let seen = Unbelieved::default();
        let told: Vec<u64> = (1..=10 * MANY).filter(|_| seen.is_one_too_many(7)).collect();
        assert_eq!(told, [MANY]);
    }

    #[test]
    fn single_requests_of_many_peers_are_nothing() {
        let seen = Unbelieved::default();
        assert!((0..100_000).all(|peer| !seen.is_one_too_many(peer)));
    }

    #[test]
    fn however_many_peers_there_are_the_lines_are_few() {
        let seen = Unbelieved::default();
        let told = (0..5000_u128)
            .flat_map(|peer| std::iter::repeat_n(peer, 60))
            .filter(|peer| seen.is_one_too_many(*peer))
            .count();
        assert!((1..=PLACES).contains(&told), "{told}");
    }
}
