//! WebSockets through the gateway: opened only by a whole handshake, bounded like streams, alive over
//! reloads, and told farewell.

mod ends;
mod handshake;
mod limits;
mod origin;
mod over_h2;

use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::certs::Certs;
use crate::support::chat::{Chat, Ended, Peer};
use crate::support::{Gateway, policy, until};

/// The line of a tunnel.
#[track_caller]
fn line(gateway: &Gateway) -> Value {
    gateway.wait_for_log("the tunnel's line", |line| line["status"] == 101)
}

fn open_now(gateway: &Gateway) -> i64 {
    let metrics = gateway.metrics();
    metrics.count("portcullis_streams_open", &[("kind", "websocket")])
}

#[test]
fn messages_of_every_size_pass_both_ways_and_are_accounted_for() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).route("chat", "path = \"/chat\"", ""));
    let mut peer = Peer::open(gateway.http(), "/chat");
    assert_eq!(open_now(&gateway), 1);
    for length in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
        peer.chat(&"x".repeat(length));
    }
    assert!(matches!(
        peer.close(),
        Ended::Closed(_) | Ended::ClosedWithoutCode
    ));
    let line = line(&gateway);
    assert_eq!(
        (&line["end"], &line["route"]),
        (&"complete".into(), &"chat".into())
    );
    for bytes in ["bytes_in", "bytes_out"] {
        let bytes = line[bytes].as_u64().unwrap();
        assert!((1_131_323..1_132_000).contains(&bytes), "{line}");
    }
    assert_eq!(open_now(&gateway), 0);
    let metrics = gateway.metrics();
    let requests = [("endpoint", "chat"), ("status", "101")];
    assert_eq!(metrics.count("http_requests_total", &requests), 1);
    assert_eq!(metrics.count("portcullis_in_flight_requests", &[]), 0);
    gateway.stop();
}

#[test]
fn it_survives_a_reload_even_one_that_takes_its_route_away() {
    let chat = Chat::echo();
    let base = policy([chat.address()]).route("stays", "path = \"/stays\"", "");
    let gateway = Gateway::start(base.clone().route("chat", "path = \"/chat\"", ""));
    let mut peer = Peer::open(gateway.http(), "/chat");
    peer.chat("before");
    assert!(gateway.reload());
    peer.chat("after a reload");
    gateway.rewrite(base);
    assert!(gateway.reload());
    assert_eq!(Peer::try_open(gateway.http(), "/chat").err(), Some(404));
    peer.chat("after its route is gone");
    assert!(chat.ended().is_empty());
    peer.close();
    gateway.stop();
}

#[test]
fn it_goes_through_tls_and_is_told_farewell_there_too() {
    let (chat, certs) = (Chat::echo(), Certs::new());
    certs.issue("gateway", &["gateway.test"]);
    let gateway = Gateway::start(policy([chat.address()]).and(&certs.listener(&["gateway"])));
    let mut peer = Peer::open_secure(gateway.address("https"), "/");
    for length in [0, 1000, 1_000_000] {
        peer.chat(&"x".repeat(length));
    }
    gateway.terminate();
    assert_eq!(peer.end(), Ended::Closed(CloseCode::Away));
    assert_eq!(gateway.wait().code, Some(0));
}

#[test]
fn many_at_once_each_get_their_own_words() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]));
    let mut peers: Vec<_> = (0..20).map(|_| Peer::open(gateway.http(), "/")).collect();
    assert_eq!(open_now(&gateway), 20);
    for round in 0..3 {
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.say(format!("{round} of {number}"));
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            assert_eq!(peer.hear().to_text().unwrap(), format!("{round} of {number}"));
        }
    }
    drop(peers);
    until("all are gone", || open_now(&gateway) == 0);
    gateway.stop();
}
