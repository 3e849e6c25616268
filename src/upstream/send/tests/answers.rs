//! Answers that are none, or not whole.

use tokio::join;

use super::OK;
use crate::http::body::Body;
use crate::http::flow::End;
use crate::http::pace::Pace;
use crate::http::refusal::Refusal;
use crate::http::vet::Fault;
use crate::upstream::tests::origin::{Bench, Origin};
use crate::upstream::watch::Upload;

/// What becomes of this answer on a new connection.
async fn refused(answer: &str) -> Refusal {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let answering = async {
        let mut talk = origin.serve(answer).await;
        if !answer.is_empty() {
            talk.closed().await;
        }
    };
    let (refusal, ()) = join!(bench.refused(), answering);
    assert_eq!(bench.trip.attempts, 1);
    refusal
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_closed_without_an_answer_is_not_tried_again() {
    assert_eq!(refused("").await, Refusal::UpstreamClosed);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_is_no_answer() {
    for (answer, fault) in [
        ("220 mail.example ESMTP\r\n", Fault::StatusLine),
        ("HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n", Fault::FieldName),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            Fault::ContentLength,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            Fault::TwoFramings,
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            Fault::Switch,
        ),
    ] {
        assert_eq!(
            refused(answer).await,
            Refusal::UpstreamInvalid(fault),
            "{answer:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_no_answer() {
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(100_000));
    let refusal = refused(&endless).await;
    assert_eq!(refusal, Refusal::UpstreamInvalid(Fault::HeadTooLarge));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_ever_hints_is_cut_off() {
    let hint = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n";
    assert_eq!(
        refused(&hint.repeat(6000)).await,
        Refusal::UpstreamInvalid(Fault::Interim)
    );
}

#[tokio::test(start_paused = true)]
async fn a_hint_before_the_answer_does_no_harm() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let hinted = format!("HTTP/1.1 100 Continue\r\n\r\n{OK}");
    let (text, _talk) = join!(bench.get_all(), origin.serve(&hinted));
    assert_eq!(text.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_truncated_body_never_looks_whole() {
    let lengthy = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n";
    for half in [lengthy, chunked] {
        let origin = Origin::bind().await;
        let mut bench = Bench::new(vec![origin.server()]);
        let (answer, talk) = join!(bench.get(), origin.serve(half));
        let answer = answer.unwrap();
        drop(talk);
        let seen = Upload::new();
        let body = Body::streamed(answer.body, Pace::default(), Some(seen.watch()));
        assert!(http_body_util::BodyExt::collect(body).await.is_err());
        assert_eq!(seen.end(), Some(End::Broken));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_an_answer_midway_hangs_up() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let lengthy = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi";
    let (answer, mut talk) = join!(bench.get(), origin.serve(lengthy));
    drop(answer.unwrap());
    talk.closed().await;
}
