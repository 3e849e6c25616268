//! How long an answer is waited for, and from when.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};
use tokio::{join, select};

use super::OK;
use crate::http::pace::Pace;
use crate::http::refusal::{Deadline, Refusal};
use crate::upstream::now;
use crate::upstream::tests::origin::{Bench, Origin, upload};

const SECOND: Duration = Duration::from_secs(1);

async fn bench() -> (Origin, Bench) {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    bench.waits.response_head = Some(3 * SECOND);
    (origin, bench)
}

#[tokio::test(start_paused = true)]
async fn the_answer_must_begin_in_time() {
    let (origin, mut bench) = bench().await;
    let began = Instant::now();
    let silence = async {
        let mut talk = origin.accept().await;
        talk.closed().await;
    };
    let (refusal, ()) = join!(bench.refused(), silence);
    assert_eq!(refusal, Refusal::UpstreamTimeout(Deadline::ResponseHead));
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_whole_way_has_its_deadline_too() {
    let (_origin, mut bench) = bench().await;
    bench.waits.total = Some(now() + 2 * SECOND);
    assert_eq!(bench.refused().await, Refusal::UpstreamTimeout(Deadline::Total));
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_does_not_shorten_the_wait_for_the_answer() {
    let (origin, mut bench) = bench().await;
    let (mut client, body, upload) = upload(Pace::default()).await;
    let began = Instant::now();
    let uploading = async {
        let mut talk = origin.accept().await;
        talk.request().await;
        for _ in 0..5 {
            sleep(2 * SECOND).await;
            client.write_all(b"1\r\nx\r\n").await.unwrap();
        }
        client.write_all(b"0\r\n\r\n").await.unwrap();
        talk.until("0\r\n\r\n").await;
        talk.closed().await;
    };
    let (answer, ()) = join!(bench.post(body, upload), uploading);
    assert_eq!(
        answer.unwrap_err().refusal,
        Refusal::UpstreamTimeout(Deadline::ResponseHead)
    );
    assert_eq!(began.elapsed().as_secs(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_keeps_no_old_deadline() {
    let (origin, mut bench) = bench().await;
    let (text, mut talk) = join!(bench.get_all(), origin.serve(OK));
    text.unwrap();
    sleep(2 * SECOND).await;
    let answering = async {
        talk.request().await;
        sleep(2 * SECOND).await;
        talk.say(OK).await;
    };
    let (text, ()) = join!(bench.get_all(), answering);
    assert_eq!(text.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_ends_the_request() {
    let (origin, mut bench) = bench().await;
    let mut talk = select! {
        _ = bench.get() => unreachable!("nobody answers"),
        talk = async {
            let mut talk = origin.accept().await;
            talk.request().await;
            talk
        } => talk,
    };
    talk.closed().await;
}
