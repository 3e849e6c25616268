//! What is heard, however the bytes are cut.

use super::*;

/// SETTINGS with two entries, PING, GOAWAY.
const TALK: [u8; 60] = [
    0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 255, 255, 0, 3, 0, 0, 0, 7, // settings
    0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, // ping
    0, 0, 0, 4, 1, 0, 0, 0, 0, // acknowledged
    0, 0, 4, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, // no whole GOAWAY, but one that is heard
];

fn listening() -> (Frames, Arc<Observer>) {
    let observer = Arc::default();
    (Frames::new(&observer), observer)
}

#[test]
fn settings_and_goaway_are_heard_however_the_bytes_are_split() {
    for size in 1..TALK.len() {
        let mut talk = TALK;
        let (mut frames, observer) = listening();
        for piece in talk.chunks_mut(size) {
            assert!(frames.hear(piece, 0).is_ok());
        }
        assert!(observer.greeted.load(Relaxed) && observer.is_leaving());
        assert_eq!(observer.limit(), 7);
    }
}

#[test]
fn data_of_nothing_is_passed_over() {
    let (mut frames, _observer) = listening();
    let settings = [0, 0, 0, kind::SETTINGS, 0, 0, 0, 0, 0];
    let empty = [0, 0, 0, kind::DATA, 0, 0, 0, 0, 1];
    let last = [0, 0, 0, kind::DATA, flag::END_STREAM, 0, 0, 0, 1];
    let mut bytes = [settings, empty, empty, last].concat();
    assert!(frames.hear(&mut bytes, 0).is_ok());
    let kinds: Vec<_> = bytes
        .chunks(HEAD)
        .filter_map(|head| head.get(KIND).copied())
        .collect();
    assert_eq!(kinds, [kind::SETTINGS, IGNORED, IGNORED, kind::DATA]);
}

/// As it is read and passed on, in pieces of such a size.
fn passed_on(bytes: &[u8], size: usize) -> Vec<u8> {
    let (mut frames, _observer) = listening();
    let (mut passed, mut held) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(size) {
        let known = held.len();
        held.extend_from_slice(piece);
        let back = frames.hear(&mut held, known).unwrap_or_default();
        passed.extend(held.drain(..held.len() - back));
    }
    assert!(held.is_empty());
    passed
}

#[test]
fn data_of_nothing_is_passed_over_however_the_bytes_are_split() {
    let settings = [0, 0, 0, kind::SETTINGS, 0, 0, 0, 0, 0];
    let empty = [0, 0, 0, kind::DATA, 0, 0, 0, 0, 1];
    let full = [0, 0, 1, kind::DATA, flag::END_STREAM, 0, 0, 0, 1, b'.'];
    let bytes = [&settings[..], &empty, &empty, &full].concat();
    let mut expected = bytes.clone();
    for at in [1, 2] {
        if let Some(kind) = expected.get_mut(at * HEAD + KIND) {
            *kind = IGNORED;
        }
    }
    for size in 1..=bytes.len() {
        assert_eq!(passed_on(&bytes, size), expected, "in pieces of {size}");
    }
}

#[test]
fn empty_settings_are_a_greeting() {
    let (mut frames, observer) = listening();
    assert!(frames.hear(&mut [0, 0, 0, 4, 0, 0, 0, 0, 0], 0).is_ok());
    assert!(observer.greeted.load(Relaxed) && !observer.is_leaving());
    assert_eq!(observer.limit(), usize::MAX);
}

#[test]
fn what_does_not_begin_with_settings_is_not_http_2() {
    let (mut frames, _observer) = listening();
    assert!(
        frames
            .hear(&mut b"HTTP/1.1 400 Bad Request\r\n".to_owned(), 0)
            .is_err()
    );
}
