//! What is sent once more, and what is not.

use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn a_small_body_is_sent_again_from_its_first_byte() {
    let source = Source::new(Body::from("twice")).unwrap();
    for _ in 0..2 {
        assert!(source.is_whole());
        let sent = source.begin().collect().await.unwrap();
        assert_eq!(sent.to_bytes(), "twice");
    }
}

#[tokio::test]
async fn a_large_body_is_sent_once() {
    let source = Source::new(Body::from(vec![7; MOST_KEPT + 1])).unwrap();
    let sent = source.begin().collect().await.unwrap().to_bytes();
    assert_eq!(sent.len(), MOST_KEPT + 1);
    assert!(!source.is_whole());
}

#[tokio::test]
async fn what_was_cut_ends_in_an_error_and_never_cleanly() {
    let source = Source::new(Body::from("cut")).unwrap();
    let sent = source.begin();
    drop(source);
    assert!(sent.collect().await.is_err());
}

#[test]
fn nothing_is_nothing() {
    assert!(Source::new(Body::Empty).is_none());
}
