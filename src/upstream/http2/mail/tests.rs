//! However it comes and is taken, it is the same octets, in no more memory than they need.

use super::*;

#[test]
fn whatever_comes_is_taken_in_its_order() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut state, mut came, mut taken) = (State::default(), Vec::new(), Vec::new());
        for _ in 0..200 {
            if random.bool() {
                let piece: Vec<u8> = (0..random.usize(1..5000)).map(|_| random.u8(..)).collect();
                came.extend_from_slice(&piece);
                if random.bool() {
                    state.wait(&Context::from_waker(Waker::noop()));
                }
                state.put(piece.into());
            } else if !state.is_empty() {
                let most = random.usize(1..9000);
                let bytes = match random.u8(0..3) {
                    0 => state.take_all(),
                    1 => state.take(most),
                    _ => state.take_apart(most),
                };
                assert!(!bytes.is_empty());
                taken.extend_from_slice(&bytes);
            }
        }
        while !state.is_empty() {
            taken.extend_from_slice(&state.take_all());
        }
        assert!(taken == came, "seed {seed}");
    }
}

#[test]
fn little_that_waits_takes_little() {
    let mut state = State::default();
    for _ in 0..300 {
        state.put(Bytes::from(vec![1; 100]));
        state.take_apart(90);
    }
    assert_eq!(state.length(), 3000);
    assert!(
        state.copied.octets.capacity() < 5000,
        "{}",
        state.copied.octets.capacity()
    );
}
