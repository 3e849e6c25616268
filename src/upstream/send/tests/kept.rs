//! Connections that are used again, and what happens when they turn out to be dead.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::join;
use tokio::time::advance;

use super::OK;
use crate::http::body::Body;
use crate::http::refusal::Refusal;
use crate::upstream::tests::origin::{Bench, Origin, Talk, request};

/// A request went through, and its connection is kept.
async fn warm(first: &str) -> (Origin, Bench, Talk) {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let (text, talk) = join!(bench.get_all(), origin.serve(first));
    assert_eq!(text.unwrap(), "hi");
    (origin, bench, talk)
}

/// The next request comes on a connection of its own.
async fn comes_anew(origin: &Origin, bench: &mut Bench) {
    let (text, _talk) = join!(bench.get_all(), origin.serve(OK));
    assert_eq!(text.unwrap(), "hi");
    assert_eq!(bench.trip.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again() {
    let (_origin, mut bench, mut talk) = warm(OK).await;
    assert!(bench.trip.connect.is_some());
    advance(Duration::from_secs(3)).await;
    let answering = async {
        let head = talk.request().await;
        talk.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n\r\n")
            .await;
        head
    };
    let (text, head) = join!(bench.get_all(), answering);
    assert_eq!(
        (text.unwrap().as_str(), head.as_str()),
        ("ho", "GET / HTTP/1.1\r\nhost: app\r\n\r\n")
    );
    assert_eq!(bench.trip.connect, None);
    assert_eq!(bench.seen.all(), ["connected", "ok", "ok"]);
    assert_eq!(bench.upstream.servers()[0].endpoints()[0].idle(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_idle_for_too_long_is_not_used() {
    let (origin, mut bench, _talk) = warm(OK).await;
    advance(Duration::from_secs(4)).await;
    comes_anew(&origin, &mut bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_shorter_keep_alive_of_the_server_counts() {
    let first = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 2\r\n\r\nhi";
    let (origin, mut bench, _talk) = warm(first).await;
    advance(Duration::from_secs(1)).await;
    comes_anew(&origin, &mut bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_the_server_will_close_is_not_used() {
    let first = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    let (origin, mut bench, _talk) = warm(first).await;
    comes_anew(&origin, &mut bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_talks_out_of_turn_is_not_listened_to() {
    let (origin, mut bench, _talk) =
        warm("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n").await;
    comes_anew(&origin, &mut bench).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_not_read_to_its_end_ends_the_connection() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi";
    let (answer, mut talk) = join!(bench.get(), origin.serve(half));
    assert_eq!(bench.upstream.servers()[0].endpoints()[0].in_flight(), 1);
    drop(answer);
    talk.closed().await;
    assert_eq!(bench.upstream.servers()[0].endpoints()[0].in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_get_on_a_stale_connection_is_sent_again() {
    let (origin, mut bench, mut talk) = warm(OK).await;
    let answering = async {
        talk.request().await;
        drop(talk);
        origin.serve(OK).await
    };
    let (text, _talk) = join!(bench.get_all(), answering);
    assert_eq!(text.unwrap(), "hi");
    assert_eq!(bench.trip.attempts, 2);
    assert_eq!(
        bench.seen.all(),
        ["connected", "ok", "retried", "connected", "ok"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_get_is_sent_again_only_once() {
    let (origin, mut bench, mut talk) = warm(OK).await;
    let answering = async {
        talk.request().await;
        drop(talk);
        origin.accept().await.request().await;
    };
    let (refusal, ()) = join!(bench.refused(), answering);
    assert_eq!(refusal, Refusal::UpstreamClosed);
    assert_eq!(bench.trip.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_post_on_a_stale_connection_is_not_sent_again() {
    for body in [Body::Full(Bytes::from_static(b"once")), Body::Empty] {
        let (_origin, mut bench, mut talk) = warm(OK).await;
        let answering = async {
            talk.request().await;
            drop(talk);
        };
        let (answer, ()) = join!(bench.send(request(Method::POST, body), None), answering);
        assert_eq!(answer.unwrap_err().refusal, Refusal::UpstreamClosed);
        assert_eq!(bench.trip.attempts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_began_is_not_asked_for_again() {
    let (_origin, mut bench, mut talk) = warm(OK).await;
    let answering = async {
        talk.request().await;
        talk.say("HTTP/1.1 2").await;
        drop(talk);
    };
    let (refusal, ()) = join!(bench.refused(), answering);
    assert_eq!(refusal, Refusal::UpstreamClosed);
    assert_eq!(bench.trip.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_was_not_begun_is_sent_on_another_connection() {
    let (origin, mut bench, talk) = warm(OK).await;
    drop(talk);
    // The runtime learns of the connection's end.
    tokio::task::yield_now().await;
    let post = request(Method::POST, Body::Full(Bytes::from_static(b"once")));
    let answering = async {
        let mut talk = origin.accept().await;
        talk.until("once").await;
        talk.say(OK).await;
    };
    let (answer, ()) = join!(bench.send(post, None), answering);
    assert_eq!(answer.unwrap().head.status, 200);
    assert_eq!(bench.seen.all(), ["connected", "ok", "connected", "ok"]);
}
