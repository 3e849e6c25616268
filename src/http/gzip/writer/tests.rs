use std::io::Read;

use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;
use crate::http::room::{ANSWERS, Share};

fn plain(coded: &[u8]) -> Vec<u8> {
    let (mut plain, mut decoder) = (Vec::new(), GzDecoder::new(coded));
    decoder.read_to_end(&mut plain).unwrap();
    assert!(
        decoder.into_inner().is_empty(),
        "one member, and nothing after it"
    );
    plain
}

/// Takes room until about so much is left.
fn filled(room: &Arc<Room>, left: usize) -> Vec<Share> {
    std::iter::from_fn(|| room.part(room.left().saturating_sub(left))).collect()
}

fn batch(pieces: &[&[u8]], room: &Arc<Room>) -> Batch {
    let mut batch = Batch::default();
    for piece in pieces {
        batch.add_shared(Bytes::copy_from_slice(piece), false, room);
    }
    batch
}

/// Text that refers to what was long before.
fn text(seed: u8, octets: usize) -> Vec<u8> {
    let word = |at: usize| format!("word-{} ", (at * at + usize::from(seed)) % 613);
    (0..).flat_map(|at| word(at).into_bytes()).take(octets).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_coded_by_whoever_is_at_hand_are_one_stream(
        level in 1_u8..=9,
        batches in prop::collection::vec(prop::collection::vec((any::<u8>(), 0_usize..40_000), 0..4), 1..6),
        left in prop_oneof![Just(ANSWERS), 0..ANSWERS],
    ) {
        let room = Arc::<Room>::default();
        let all = room.left();
        let others = filled(&room, left);
        let mut writer = Writer::new(level, Some(Arc::clone(&room)));
        let (mut coded, mut said) = (Vec::new(), Vec::new());
        for (at, pieces) in batches.iter().enumerate() {
            let pieces: Vec<_> = pieces.iter().map(|(seed, octets)| text(*seed, *octets)).collect();
            said.extend(pieces.concat());
            let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
            let flush = if at + 1 == batches.len() { Flush::Finish } else { Flush::Sync };
            coded.extend(writer.code(batch(&pieces, &room), flush).unwrap());
            // Another stream goes on in the same coder.
            let mut other = Writer::new(level, Some(Arc::clone(&room)));
            other.code(batch(&[b"another"], &room), Flush::Sync).unwrap();
        }
        prop_assert!(plain(&coded) == said);
        drop((writer, others));
        prop_assert_eq!(room.left(), all);
    }
}

#[test]
fn all_said_so_far_can_be_read_after_each_batch() {
    let room = Arc::<Room>::default();
    let mut writer = Writer::new(6, Some(Arc::clone(&room)));
    let (mut coded, mut said) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let more = format!("piece {number}, much like those before; ");
        said.extend_from_slice(more.as_bytes());
        coded.extend(
            writer
                .code(batch(&[more.as_bytes()], &room), Flush::Sync)
                .unwrap(),
        );
        let mut seen = vec![0; said.len()];
        GzDecoder::new(&coded[..]).read_exact(&mut seen).unwrap();
        assert_eq!(seen, said);
    }
    coded.extend(writer.code(Batch::default(), Flush::Finish).unwrap());
    assert_eq!(plain(&coded), said);
    assert_eq!(&coded[..10], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
}

#[test]
fn what_is_kept_is_known_again() {
    let room = Arc::<Room>::default();
    let mut writer = Writer::new(6, Some(Arc::clone(&room)));
    let random: Vec<u8> = (0_u32..3000)
        .flat_map(|at| at.wrapping_mul(0x9e37_79b9).to_be_bytes())
        .collect();
    let first = writer.code(batch(&[&random], &room), Flush::Sync).unwrap();
    let again = writer.code(batch(&[&random], &room), Flush::Sync).unwrap();
    assert!(
        again.len() * 20 < first.len(),
        "{} after {}",
        again.len(),
        first.len()
    );
}
