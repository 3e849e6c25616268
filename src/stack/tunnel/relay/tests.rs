use std::future::pending;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const TEXT: &[u8] = b"\x81\x05hello";
/// "going away" as a server says it.
const FAREWELL: &[u8] = b"\x88\x02\x03\xE9";

/// A tunnel that runs, and its two ends.
struct Bench {
    client: DuplexStream,
    server: DuplexStream,
    running: JoinHandle<(End, (u64, u64))>,
}

impl Bench {
    /// Each socket holds `room` bytes for one who does not read.
    fn new(room: usize, limits: Limits, closing: impl Future<Output = ()> + Send + 'static) -> Self {
        let (client, near) = duplex(room);
        let (server, far) = duplex(room);
        let running = tokio::spawn(async move {
            let mut relay = Relay::new((near, Bytes::new()), (far, Bytes::new()), limits);
            let end = relay.run(closing).await;
            (end, relay.bytes())
        });
        Self {
            client,
            server,
            running,
        }
    }

    async fn end(self) -> End {
        self.running.await.unwrap().0
    }
}

fn limits() -> Limits {
    Limits {
        idle: Some(60 * SECOND),
        until: None,
        grace: 2 * SECOND,
        farewell: true,
    }
}

async fn read(from: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn rest(from: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test(start_paused = true)]
async fn bytes_pass_both_ways_and_are_counted() {
    let mut bench = Bench::new(100, limits(), pending());
    bench.client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut bench.server, 8).await, b"question");
    bench.server.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut bench.client, 6).await, b"answer");
    bench.server.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.client).await, b"");
    drop((bench.client, bench.server));
    assert_eq!(bench.running.await.unwrap().1, (8, 6));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_ahead_comes_first() {
    let ((mut client, near), (mut server, far)) = (duplex(100), duplex(100));
    let early = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut relay = Relay::new((near, early("up")), (far, early("down")), limits());
    let running = tokio::spawn(async move { relay.run(pending()).await });
    client.write_all(b"after").await.unwrap();
    assert_eq!(read(&mut server, 7).await, b"upafter");
    assert_eq!(read(&mut client, 4).await, b"down");
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn one_direction_may_end_while_the_other_goes_on() {
    let mut bench = Bench::new(100, limits(), pending());
    bench.client.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.server).await, b"");
    bench.server.write_all(b"still here").await.unwrap();
    bench.server.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.client).await, b"still here");
    assert_eq!(bench.end().await, End::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn a_half_that_stays_behind_is_not_waited_for_as_long_as_a_stream() {
    let began = now();
    let mut bench = Bench::new(
        100,
        Limits {
            idle: None,
            ..limits()
        },
        pending(),
    );
    bench.client.shutdown().await.unwrap();
    assert_eq!(bench.running.await.unwrap().0, End::Abandoned);
    assert_eq!((now() - began).as_secs(), (HALF_OPEN + 2 * SECOND).as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_makes_it_complete_whoever_hangs_up() {
    for client_first in [true, false] {
        let mut bench = Bench::new(100, limits(), pending());
        bench.server.write_all(FAREWELL).await.unwrap();
        assert_eq!(read(&mut bench.client, 4).await, FAREWELL);
        if client_first {
            drop(bench.client);
            rest(&mut bench.server).await;
            drop(bench.server);
        } else {
            drop(bench.server);
            rest(&mut bench.client).await;
            drop(bench.client);
        }
        assert_eq!(bench.running.await.unwrap().0, End::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_in_both_directions_ends_it_with_a_farewell() {
    let mut bench = Bench::new(100, limits(), pending());
    for _ in 0..5 {
        tokio::time::advance(50 * SECOND).await;
        bench.client.write_all(TEXT).await.unwrap();
        read(&mut bench.server, TEXT.len()).await;
    }
    let began = now();
    assert_eq!(rest(&mut bench.client).await, FAREWELL);
    assert!(now() - began >= 60 * SECOND);
    assert_eq!(bench.end().await, End::TooSlow(TooSlow::Idle));
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_ends_a_busy_tunnel() {
    let until = Some(now() + 10 * SECOND);
    let mut bench = Bench::new(100, Limits { until, ..limits() }, pending());
    for _ in 0..9 {
        tokio::time::advance(SECOND).await;
        bench.server.write_all(TEXT).await.unwrap();
        read(&mut bench.client, TEXT.len()).await;
    }
    assert_eq!(rest(&mut bench.client).await, FAREWELL);
    assert_eq!(bench.end().await, End::TooSlow(TooSlow::Duration));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_given_up_though_it_goes_on_talking() {
    let mut bench = Bench::new(100, limits(), pending());
    let Bench { client, server, .. } = &mut bench;
    server.write_all(&[0; 100]).await.unwrap();
    let (mut listen, mut talk) = tokio::io::split(server);
    let flood = async { while talk.write_all(&[0; 100]).await.is_ok() {} };
    let chat = async {
        while client.write_all(TEXT).await.is_ok() {
            let _ = listen.read(&mut [0; 100]).await;
            tokio::time::sleep(SECOND).await;
        }
    };
    tokio::join!(flood, chat);
    assert_eq!(bench.end().await, End::Stalled);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_stops_the_sender_and_loses_nothing() {
    let mut bench = Bench::new(64, limits(), pending());
    let sent: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let copy = sent.clone();
    let mut server = bench.server;
    let sending = tokio::spawn(async move {
        server.write_all(&copy).await.unwrap();
        server.shutdown().await.unwrap();
        server
    });
    tokio::time::advance(SECOND).await;
    assert!(!sending.is_finished());
    assert_eq!(rest(&mut bench.client).await, sent);
    drop((sending.await.unwrap(), bench.client));
    assert_eq!(bench.running.await.unwrap().1, (0, 800_000));
}

#[tokio::test(start_paused = true)]
async fn the_farewell_waits_for_the_end_of_the_frame() {
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let mut bench = Bench::new(100, limits(), async { drop(closed.await) });
    bench.server.write_all(&TEXT[..4]).await.unwrap();
    assert_eq!(read(&mut bench.client, 4).await, TEXT[..4]);
    drop(close);
    // To the server it is said at once, with a mask.
    let to_server = read(&mut bench.server, 8).await;
    assert_eq!(to_server[..2], [0x88, 0x82]);
    // The rest of this frame passes, the next frame no more.
    bench
        .server
        .write_all(&[&TEXT[4..], TEXT].concat())
        .await
        .unwrap();
    assert_eq!(read(&mut bench.client, 3).await, TEXT[4..]);
    assert_eq!(read(&mut bench.client, 4).await, FAREWELL);
    bench.server.write_all(FAREWELL).await.unwrap();
    bench.client.write_all(b"\x88\x82\0\0\0\0\x03\xE9").await.unwrap();
    assert_eq!(rest(&mut bench.client).await, b"");
    assert_eq!(rest(&mut bench.server).await, b"");
    assert_eq!(bench.end().await, End::Drained);
}

#[tokio::test(start_paused = true)]
async fn peers_that_do_not_answer_the_farewell_are_waited_for_no_longer_than_the_grace() {
    let began = now();
    let mut bench = Bench::new(100, limits(), std::future::ready(()));
    bench.client.write_all(TEXT).await.unwrap();
    assert_eq!(rest(&mut bench.client).await, FAREWELL);
    assert_eq!((now() - began).as_secs(), 2);
    assert_eq!(bench.end().await, End::Drained);
}

#[tokio::test(start_paused = true)]
async fn no_second_farewell_follows_a_close_frame() {
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let mut bench = Bench::new(100, limits(), async { drop(closed.await) });
    bench.server.write_all(FAREWELL).await.unwrap();
    assert_eq!(read(&mut bench.client, 4).await, FAREWELL);
    drop(close);
    assert_eq!(rest(&mut bench.client).await, b"");
    assert_eq!(bench.end().await, End::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_farewell_is_told_none_and_goes_on_until_time_is_over() {
    let limits = Limits {
        farewell: false,
        ..limits()
    };
    let mut bench = Bench::new(100, limits, std::future::ready(()));
    bench.client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut bench.server, 8).await, b"question");
    bench.server.write_all(b"answer").await.unwrap();
    assert_eq!(rest(&mut bench.client).await, b"answer");
    assert_eq!(bench.end().await, End::Drained);
    let mut silent = Bench::new(100, limits, pending());
    assert_eq!(rest(&mut silent.client).await, b"");
    assert_eq!(silent.end().await, End::TooSlow(TooSlow::Idle));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_close_frame_is_complete_when_both_sides_have_ended() {
    let limits = Limits {
        farewell: false,
        ..limits()
    };
    let mut bench = Bench::new(100, limits, pending());
    bench.client.write_all(b"\x08\x02").await.unwrap();
    bench.client.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.server).await, b"\x08\x02");
    bench.server.shutdown().await.unwrap();
    assert_eq!(bench.end().await, End::Complete);
}
