//! Small pieces in one: the kernel takes a head and a short body in half the time when they are one buffer (`send`)
//! instead of two (`writev`). Larger ones are left where they are.

use std::cell::RefCell;
use std::io::IoSlice;

/// The most bytes that are copied: they cost less than the second buffer.
const MOST: usize = 4096;

thread_local! {
    static ONE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(MOST));
}

/// Calls `write` with all of the pieces in one, if they are small; else there is no answer.
pub fn gathered<R>(pieces: &[IoSlice<'_>], write: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let mut full = pieces.iter().filter(|piece| !piece.is_empty());
    let (first, second) = (full.next()?, full.next());
    let Some(second) = second else {
        return Some(write(first));
    };
    if first.len() + second.len() + full.map(|piece| piece.len()).sum::<usize>() > MOST {
        return None;
    }
    ONE.with_borrow_mut(|one| {
        one.clear();
        for piece in pieces {
            one.extend_from_slice(piece);
        }
        debug_assert!(one.len() >= first.len() + second.len());
        Some(write(one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let pieces: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        gathered(&pieces, <[u8]>::to_vec)
    }

    #[test]
    fn small_pieces_become_one_and_large_ones_stay() {
        assert_eq!(
            of(&[b"head", b"", b"body"]).as_deref(),
            Some(b"headbody".as_slice())
        );
        assert_eq!(of(&[b"", &[0; 9000]]).map(|one| one.len()), Some(9000));
        assert_eq!(of(&[b"head", &[0; MOST]]), None);
        assert_eq!(of(&[b""]), None);
    }
}
