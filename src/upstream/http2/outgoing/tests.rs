//! What is sent once more, and what is not.

use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn a_small_body_is_sent_again_from_its_first_byte() {
    let source = Source::new(Body::from("twice"), None).unwrap();
    for _ in 0..2 {
        assert!(source.is_whole());
        let sent = source.begin().collect().await.unwrap();
        assert_eq!(sent.to_bytes(), "twice");
    }
}

#[tokio::test]
async fn a_large_body_is_sent_once() {
    let source = Source::new(Body::from(vec![7; MOST_KEPT + 1]), None).unwrap();
    let sent = source.begin().collect().await.unwrap().to_bytes();
    assert_eq!(sent.len(), MOST_KEPT + 1);
    assert!(!source.is_whole());
}

#[tokio::test]
async fn what_was_cut_ends_in_an_error_and_never_cleanly() {
    let source = Source::new(Body::from("cut"), None).unwrap();
    let sent = source.begin();
    drop(source);
    assert!(sent.collect().await.is_err());
}

#[tokio::test]
async fn what_there_is_no_room_for_is_sent_once() {
    let room = Arc::default();
    let large = || Source::new(Body::from(vec![7; MOST_KEPT]), Some(&room)).unwrap();
    let sources: Vec<_> = std::iter::repeat_with(large).take(8).collect();
    for source in &sources {
        source.begin().collect().await.unwrap();
    }
    let kept = sources.iter().filter(|source| source.is_whole()).count();
    assert!((2..6).contains(&kept), "{kept}");
    drop(sources);
    let source = large();
    source.begin().collect().await.unwrap();
    assert!(source.is_whole(), "room was not given back");
}

#[test]
fn nothing_is_nothing() {
    assert!(Source::new(Body::Empty, None).is_none());
}
