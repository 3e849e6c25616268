//! Which requests are timed: a share of them, picked by request id, so that all who see the same id and
//! the same share pick the same requests. No state, no chance.

/// A share of all request ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Of 2³² equally likely places.
    below: u64,
}

/// 2³².
const PLACES: f64 = 4_294_967_296.0;

impl Sampling {
    /// A share from 0 to 1; what is beyond counts as the nearest.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 2^32 is clamped to it, and a fraction of a place is nothing"
    )]
    pub fn share(share: f64) -> Self {
        Self {
            below: (share.clamp(0.0, 1.0) * PLACES) as u64,
        }
    }

    /// Whether the request of this id is one of them.
    pub fn takes(self, id: &[u8]) -> bool {
        place(id) < self.below
    }
}

/// Where in the 2³² an id falls: FNV-1a, and a last mixing, since ids made one after another differ little.
fn place(id: &[u8]) -> u64 {
    let hash = id.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (mixed ^ (mixed >> 33)) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(share: f64) -> usize {
        let sampling = Sampling::share(share);
        (0..20_000)
            .filter(|number| sampling.takes(format!("0193-5f7a-{number:08x}").as_bytes()))
            .count()
    }

    #[test]
    fn none_a_tenth_and_all() {
        assert_eq!(taken(0.0), 0);
        assert_eq!(taken(1.0), 20_000);
        let tenth = taken(0.1);
        assert!((1_850..2_150).contains(&tenth), "{tenth}");
    }

    #[test]
    fn one_id_is_always_judged_alike() {
        let sampling = Sampling::share(0.5);
        assert_eq!(sampling.takes(b"the-request"), sampling.takes(b"the-request"));
    }

    #[test]
    fn a_larger_share_takes_all_that_a_smaller_one_takes() {
        let (small, large) = (Sampling::share(0.1), Sampling::share(0.3));
        for number in 0..5_000 {
            let id = format!("request-{number}");
            assert!(!small.takes(id.as_bytes()) || large.takes(id.as_bytes()));
        }
    }
}
