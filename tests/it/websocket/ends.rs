//! How a tunnel ends, and who is told what.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{line, open_now};
use crate::support::chat::{Chat, Ended, Peer};
use crate::support::{Gateway, policy, until};

#[test]
fn a_client_that_vanishes_is_noticed_by_the_server_at_once() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]));
    let mut peer = Peer::open(gateway.http(), "/");
    peer.chat("hello");
    drop(peer);
    assert_eq!(chat.wait_for_ends(1), [Ended::Cut]);
    assert_eq!(line(&gateway)["end"], "client_gone");
    assert_eq!(open_now(&gateway), 0);
    gateway.stop();
}

#[test]
fn a_server_that_vanishes_is_noticed_by_the_client_at_once() {
    let chat = Chat::talking(|peer| {
        peer.hear();
        peer.stream().shutdown(Shutdown::Both).unwrap();
    });
    let gateway = Gateway::start(policy([chat.address()]));
    let mut peer = Peer::open(gateway.http(), "/");
    peer.say("go");
    assert_eq!(peer.end(), Ended::Cut);
    assert_eq!(line(&gateway)["end"], "upstream_cut");
    gateway.stop();
}

#[test]
fn a_stop_says_going_away_to_both_sides_and_does_not_wait_for_the_drain() {
    let chat = Chat::echo();
    let gateway = Gateway::start(policy([chat.address()]).gateway("drain = \"20s\""));
    let mut peers: Vec<_> = (0..5).map(|_| Peer::open(gateway.http(), "/")).collect();
    for peer in &mut peers {
        peer.chat("hello");
    }
    let start = Instant::now();
    gateway.terminate();
    for peer in peers {
        assert_eq!(peer.end(), Ended::Closed(CloseCode::Away));
    }
    assert_eq!(chat.wait_for_ends(5), [Ended::Closed(CloseCode::Away); 5]);
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0));
    assert!(
        Instant::now() < start + Duration::from_secs(10),
        "it waited for nobody"
    );
    let ended = |line: &&String| line.contains("\"status\":101") && line.contains("\"drained\"");
    assert_eq!(exit.stdout.iter().filter(ended).count(), 5, "{}", exit.output());
}

#[test]
fn peers_that_do_not_answer_the_farewell_do_not_hold_up_the_stop() {
    let chat = Chat::talking(|peer| while peer.try_say("deaf and talkative") {});
    let gateway = Gateway::start(policy([chat.address()]).gateway("drain = \"3s\""));
    let mut peer = Peer::open(gateway.http(), "/");
    peer.hear();
    gateway.terminate();
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0));
    assert!(
        exit.output().contains("everything under way was finished"),
        "{}",
        exit.output()
    );
    drop(peer);
}

#[test]
fn a_listener_that_leaves_the_policy_takes_its_tunnels_along_politely() {
    let chat = Chat::echo();
    let base = policy([chat.address()]);
    let gateway = Gateway::start(base.clone().and("[listeners.second]\naddress = \"127.0.0.1:0\""));
    let (mut stays, mut goes) = (
        Peer::open(gateway.http(), "/"),
        Peer::open(gateway.address("second"), "/"),
    );
    stays.chat("hello");
    goes.chat("hello");
    gateway.rewrite(base);
    assert!(gateway.reload());
    assert_eq!(goes.end(), Ended::Closed(CloseCode::Away));
    stays.chat("still here");
    assert_eq!(line(&gateway)["end"], "drained");
    until("one is left", || open_now(&gateway) == 1);
    gateway.stop();
}
