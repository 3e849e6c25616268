//! Request bodies: their faults are the client's, and half of one spoils the connection.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::join;

use super::OK;
use crate::http::flow::End;
use crate::http::guard::fault::Fault;
use crate::http::pace::Pace;
use crate::http::refusal::{Deadline, Refusal};
use crate::upstream::tests::origin::{Bench, Origin, Talk, read, upload};

/// Sends what the client writes under this pace to a server that only listens.
async fn refused(pace: Pace, text: &str, leaves: bool) -> Refusal {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let (mut client, body, upload) = upload(pace).await;
    let listening = async {
        let mut talk = origin.accept().await;
        client.write_all(text.as_bytes()).await.unwrap();
        let _client = (!leaves).then_some(client);
        talk.closed().await;
    };
    join!(bench.post(body, upload), listening).0.unwrap_err().refusal
}

#[tokio::test(start_paused = true)]
async fn a_body_over_its_limit_is_the_clients_fault() {
    let pace = Pace {
        max_bytes: Some(4),
        ..Pace::default()
    };
    assert_eq!(
        refused(pace, "5\r\nhello\r\n", false).await,
        Refusal::BodyTooLarge(4)
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_the_clients_fault() {
    let pace = Pace {
        idle: Some(Duration::from_secs(30)),
        ..Pace::default()
    };
    let refusal = refused(pace, "5\r\nhello\r\n", false).await;
    assert_eq!(refusal, Refusal::RequestTimeout(Deadline::RequestBodyIdle));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_the_clients_fault() {
    let pace = Pace {
        min_rate: Some(500),
        ..Pace::default()
    };
    let refusal = refused(pace, "5\r\nhello\r\n", false).await;
    assert_eq!(refusal, Refusal::RequestTimeout(Deadline::RequestBodyMinRate));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_the_clients_fault() {
    assert_eq!(
        refused(Pace::default(), "5\r\nhel", true).await,
        Refusal::ClientGone
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_of_broken_chunks_is_told_from_one_that_breaks_off() {
    assert_eq!(
        refused(Pace::default(), "5\r\nhello\r\nzz\r\n", false).await,
        Refusal::BodyInvalid(Fault::Body)
    );
}

#[tokio::test(start_paused = true)]
async fn a_whole_body_leaves_the_connection_fit_for_another_request() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let (mut client, body, upload) = upload(Pace::default()).await;
    client
        .write_all(b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n")
        .await
        .unwrap();
    let answering = async {
        let mut talk = origin.accept().await;
        talk.until("5\r\nhello\r\n0\r\n\r\n").await;
        talk.say(OK).await;
        talk
    };
    let (answer, _talk) = join!(bench.post(body, upload.clone()), answering);
    assert_eq!(read(answer.unwrap().body).await.unwrap(), "hi");
    assert_eq!((upload.end(), upload.bytes()), (Some(End::Complete), 5));
    assert_eq!(bench.upstream.servers()[0].endpoints()[0].idle(), 1);
}

/// A server that answers as soon as it has seen the head.
async fn early(origin: &Origin) -> Talk {
    let mut talk = origin.accept().await;
    talk.request().await;
    talk.say("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        .await;
    talk
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_is_passed_on_and_its_connection_ends() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let (_client, body, upload) = upload(Pace::default()).await;
    let (answer, mut talk) = join!(bench.post(body, upload), early(&origin));
    let answer = answer.unwrap();
    assert_eq!(answer.head.status, 413);
    assert_eq!(read(answer.body).await.unwrap(), "no");
    talk.closed().await;
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_is_heard_although_the_server_hung_up() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    let (mut client, body, upload) = upload(Pace::default()).await;
    let answering = async {
        drop(early(&origin).await);
        client.write_all(b"5\r\nhello\r\n").await.unwrap();
    };
    let (answer, ()) = join!(bench.post(body, upload), answering);
    assert_eq!(answer.unwrap().head.status, 413);
}
