//! What bounds a tunnel while it is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{line, open_now};
use crate::support::chat::{Chat, Ended, Peer};
use crate::support::{Ask, Gateway, Origin, policy, until};

#[test]
fn one_too_many_is_429_before_the_upstream_hears_of_it() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).and("[defaults.stream]\nmax_open_per_client = 1"));
    let mut first = Peer::open(gateway.http(), "/");
    first.chat("hello");
    assert_eq!(Peer::try_open(gateway.http(), "/").err(), Some(429));
    let refused = [("code", "too_many_streams")];
    assert_eq!(gateway.metrics().count("portcullis_refusals_total", &refused), 1);
    let asked = [("upstream", "backend")];
    assert_eq!(
        gateway
            .metrics()
            .count("portcullis_upstream_requests_total", &asked),
        1
    );
    first.close();
    until("its place is free", || {
        Peer::try_open(gateway.http(), "/").is_ok()
    });
    gateway.stop();
}

#[test]
fn it_leaves_the_requests_in_flight() {
    let chat = Chat::echo();
    let origin = Origin::echo();
    let text = policy([chat.address()])
        .and(&format!(
            "[upstreams.plain]\nservers = [\"http://{}\"]",
            origin.address()
        ))
        .and("[defaults]\nmax_inflight_per_client = 1")
        .and("[[routes]]\nmatch = { path = \"/plain\" }\nupstream = \"plain\"")
        .route("chat", "path = \"/chat\"", "");
    let gateway = Gateway::start(text);
    let mut peers = [
        Peer::open(gateway.http(), "/chat"),
        Peer::open(gateway.http(), "/chat"),
    ];
    assert_eq!(Ask::get("/plain").to(gateway.http()).status, 200);
    for peer in &mut peers {
        peer.chat("still here");
    }
    gateway.stop();
}

#[test]
fn a_refused_upgrade_takes_no_place() {
    let origin = Origin::echo();
    let gateway =
        Gateway::start(policy([origin.address()]).and("[defaults.stream]\nmax_open_per_client = 1"));
    for _ in 0..3 {
        assert_eq!(Peer::try_open(gateway.http(), "/").err(), Some(200));
    }
    gateway.stop();
}

#[test]
fn silence_ends_it_with_a_farewell_to_both() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).and("[defaults.stream]\nidle = \"400ms\""));
    let mut peer = Peer::open(gateway.http(), "/");
    let start = Instant::now();
    while Instant::now() < start + Duration::from_secs(1) {
        std::thread::park_timeout(Duration::from_millis(100));
        peer.chat("not idle");
    }
    assert_eq!(peer.end(), Ended::Closed(CloseCode::Away));
    assert_eq!(chat.wait_for_ends(1), [Ended::Closed(CloseCode::Away)]);
    assert_eq!(line(&gateway)["end"], "stream_idle");
    gateway.stop();
}

#[test]
fn its_time_is_up_though_it_talks() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).and("[defaults.stream]\nmax_duration = \"500ms\""));
    let mut peer = Peer::open(gateway.http(), "/");
    let start = Instant::now();
    while peer.try_say("busy") && Instant::now() < start + Duration::from_secs(20) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(Instant::now() >= start + Duration::from_millis(500));
    assert_eq!(chat.wait_for_ends(1), [Ended::Closed(CloseCode::Away)]);
    assert_eq!(line(&gateway)["end"], "stream_max_duration");
    gateway.stop();
}

/// A server that sends as fast as it can, and how many bytes it got rid of.
fn flooding() -> (Chat, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let chat = Chat::talking(move |peer| {
        let message = vec![0_u8; 64 * 1024];
        while counter.load(Ordering::SeqCst) < 200 << 20 && peer.try_say(message.clone()) {
            counter.fetch_add(message.len(), Ordering::SeqCst);
        }
    });
    (chat, sent)
}

#[test]
fn a_client_that_does_not_read_stops_the_server_and_costs_no_memory() {
    let (chat, sent) = flooding();
    let gateway = Gateway::start(policy([chat.address()]));
    Peer::open(gateway.http(), "/warm-up").hear();
    let before = gateway.resident();
    let mut peer = Peer::open(gateway.http(), "/");
    let mut seen = usize::MAX;
    while seen != sent.load(Ordering::SeqCst) {
        seen = sent.load(Ordering::SeqCst);
        std::thread::park_timeout(Duration::from_millis(300));
    }
    assert!(seen < 32 << 20, "{seen} bytes were taken in while nobody read");
    assert!(gateway.resident() < before + (4 << 20));
    for _ in 0..100 {
        assert_eq!(peer.hear().len(), 64 * 1024);
    }
    drop(peer);
    until("it is gone", || open_now(&gateway) == 0);
    gateway.stop();
}

#[test]
fn a_client_that_does_not_read_is_given_up_though_it_talks() {
    let (chat, _) = flooding();
    let gateway = Gateway::start(policy([chat.address()]).and("[defaults.stream]\nidle = \"500ms\""));
    let mut peer = Peer::open(gateway.http(), "/");
    until("it is cut off", || !peer.try_say("hello"));
    assert_eq!(line(&gateway)["end"], "client_stalled");
    gateway.stop();
}
