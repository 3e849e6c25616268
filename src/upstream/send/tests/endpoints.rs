//! Which address a request goes to, and what follows when it is not there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::join;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::OK;
use crate::http::refusal::{Deadline, Refusal};
use crate::upstream::endpoint::Health;
use crate::upstream::server::Server;
use crate::upstream::tests::origin::{Bench, Origin};

/// A server that was there a moment ago.
async fn dead() -> Arc<Server> {
    Origin::bind().await.server()
}

/// A listener that accepts no more, so that connecting to it takes for ever.
async fn full() -> (socket2::Socket, Vec<TcpStream>) {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    (socket, queued)
}

#[tokio::test(start_paused = true)]
async fn servers_take_turns() {
    let (one, two) = (Origin::bind().await, Origin::bind().await);
    let mut bench = Bench::new(vec![one.server(), two.server()]);
    for origin in [&one, &two] {
        let (text, _talk) = join!(bench.get_all(), origin.serve(OK));
        text.unwrap();
        assert_eq!(bench.trip.server, Some(origin.address()));
    }
    assert!(bench.upstream.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_is_passed_over() {
    let (gone, origin) = (dead().await, Origin::bind().await);
    let mut bench = Bench::new(vec![gone, origin.server()]);
    let (text, mut talk) = join!(bench.get_all(), origin.serve(OK));
    text.unwrap();
    assert_eq!(bench.trip.attempts, 1);
    assert_eq!(bench.seen.all(), ["not connected", "connected", "ok"]);
    assert_eq!(bench.upstream.servers()[0].endpoints()[0].health(), Health::Down);
    for _ in 0..2 {
        let answering = async {
            talk.request().await;
            talk.say(OK).await;
        };
        join!(bench.get_all(), answering).0.unwrap();
    }
    assert_eq!(
        bench.seen.all()[3..],
        ["ok", "ok"],
        "it is not asked again while others live"
    );
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_all_down_is_still_tried() {
    let origin = Origin::bind().await;
    let mut bench = Bench::new(vec![origin.server()]);
    bench.upstream.servers()[0].endpoints()[0]
        .mark()
        .is_down(&std::io::ErrorKind::ConnectionRefused.into());
    let (text, _talk) = join!(bench.get_all(), origin.serve(OK));
    text.unwrap();
    assert!(bench.upstream.is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_upstream_without_a_live_address_cannot_be_reached() {
    let mut bench = Bench::new(vec![dead().await, dead().await]);
    assert_eq!(bench.refused().await, Refusal::UpstreamUnreachable);
    assert_eq!(
        bench.seen.all(),
        ["not connected", "not connected", "upstream_unreachable"]
    );
    assert_eq!(bench.trip.attempts, 0);
    assert!(!bench.upstream.is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_upstream_without_an_address_is_not_resolved() {
    let mut bench = Bench::new(vec![Arc::new(Server::new("app", 80, 1))]);
    assert_eq!(bench.refused().await, Refusal::UpstreamUnresolved);
}

#[tokio::test(start_paused = true)]
async fn a_failed_connection_asks_for_the_name_again() {
    let gone = dead().await;
    let mut bench = Bench::new(vec![Arc::clone(&gone)]);
    bench.refused().await;
    gone.ties.lost.notified().await;
}

#[tokio::test(start_paused = true)]
async fn connecting_has_its_deadline() {
    let (socket, _queued) = full().await;
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let mut bench = Bench::new(vec![Arc::new(Server::new("127.0.0.1", port, 1))]);
    assert_eq!(bench.refused().await, Refusal::UpstreamTimeout(Deadline::Connect));
    bench.waits.total = Some(crate::upstream::now() + Duration::from_millis(500));
    assert_eq!(bench.refused().await, Refusal::UpstreamTimeout(Deadline::Total));
}
