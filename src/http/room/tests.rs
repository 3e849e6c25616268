//! What finds room, and what does not.

use http::HeaderValue;
use http::header::HeaderName;

use super::*;

fn request(fields: usize, octets: usize) -> Request<()> {
    let field = |at| {
        let name = HeaderName::try_from(format!("x-{at}")).unwrap();
        (name, HeaderValue::try_from("v".repeat(octets)).unwrap())
    };
    let mut request = Request::new(());
    *request.headers_mut() = (0..fields).map(field).collect();
    request
}

fn admitted(fields: usize, octets: usize, sends: bool) -> usize {
    let (room, mut request) = (Arc::<Room>::default(), request(fields, octets));
    std::iter::from_fn(|| room.admit(&mut request, sends))
        .take(1000)
        .collect::<Vec<_>>()
        .len()
}

#[test]
fn what_is_taken_is_missing_until_the_last_bytes_are_dropped() {
    let room = Arc::<Room>::default();
    let share = Arc::new(room.part(ANSWERS).unwrap());
    assert_eq!(share.octets(), ANSWERS / 2);
    let held = share.hold(Bytes::from_static(b"in it"));
    drop(share);
    let end = held.slice(3..);
    drop(held);
    assert_eq!(
        room.part(ANSWERS).unwrap().octets(),
        ANSWERS / 4,
        "the end is held"
    );
    drop(end);
    assert_eq!(room.part(ANSWERS).unwrap().octets(), ANSWERS / 2);
}

#[test]
fn there_is_an_end_to_answers() {
    let room = Arc::<Room>::default();
    let shares: Vec<_> = std::iter::from_fn(|| room.part(1024)).collect();
    assert!(shares.iter().map(Share::octets).sum::<usize>() <= ANSWERS);
    assert!(room.is_scarce() && room.part(1).is_none());
}

#[test]
fn what_could_be_done_without_leaves_most_of_the_room() {
    let room = Arc::<Room>::default();
    let kept: Vec<_> = std::iter::from_fn(|| room.spare(ANSWERS)).collect();
    assert!(kept.len() > 2 && room.left() >= ANSWERS / 3, "{}", room.left());
    assert!(room.is_low() && room.part(ANSWERS).is_some());
}

#[test]
fn where_little_is_left_an_answer_waits_once_for_each_look() {
    let (room, mut turn) = (Arc::<Room>::default(), 0);
    assert!(!room.should_wait(&mut turn));
    let _all: Vec<_> = std::iter::from_fn(|| room.part(1024)).collect();
    assert!(room.should_wait(&mut turn));
    assert!(!room.should_wait(&mut turn), "who holds it may hold it for ever");
    room.looked();
    assert!(room.should_wait(&mut turn));
}

#[test]
fn a_hundred_small_requests_find_room_and_sixty_five_of_a_browser() {
    assert!(admitted(6, 20, true) >= 100, "{}", admitted(6, 20, true));
    assert!(admitted(14, 40, false) >= 65, "{}", admitted(14, 40, false));
}

#[test]
fn requests_of_an_attacker_do_not() {
    assert!(
        (6..12).contains(&admitted(90, 300, false)),
        "{}",
        admitted(90, 300, false)
    );
    assert!(
        (12..30).contains(&admitted(90, 0, false)),
        "{}",
        admitted(90, 0, false)
    );
}

#[test]
fn bodies_take_their_room_once_and_as_long_as_there_are_any() {
    let room = Arc::<Room>::default();
    let most = |sends| {
        let mut small = request(1, 1);
        std::iter::from_fn(|| room.admit(&mut small, sends)).collect::<Vec<_>>()
    };
    let without = most(false).len();
    let upload = room.admit(&mut request(1, 1), true);
    let with = most(false).len();
    let taken = (without - with - 1) * REQUEST;
    assert!(
        (BODIES as usize - REQUEST..=BODIES as usize + REQUEST).contains(&taken),
        "{taken}"
    );
    assert_eq!(most(true).len(), with);
    drop(upload);
    let all = most(false);
    assert_eq!(all.len(), without);
    assert!(room.admit(&mut request(1, 1), true).is_none());
}
