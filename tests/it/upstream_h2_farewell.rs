//! Servers in HTTP/2 that leave, refuse or die: what may be sent again is, what may not is not, and the next
//! request does not meet the dead.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bytes::Bytes;
use h2::Reason;
use http::Response;
use tokio::sync::Notify;

use crate::support::h2_origin::H2Call;
use crate::support::policy::PolicyText;
use crate::support::{Ask, Gateway, H2Origin, Proto, policy};

fn over(address: SocketAddr) -> PolicyText {
    policy([address]).upstream("http2 = true").workers(1)
}

#[test]
fn a_server_that_leaves_finishes_what_it_has_and_gets_nothing_new() {
    let others = Arc::new(Notify::new());
    let after_others = Arc::clone(&others);
    let origin = H2Origin::playing(move |call| {
        let after_others = Arc::clone(&after_others);
        async move {
            if call.head.uri.path() != "/first" {
                return call.say("next").await;
            }
            let orders = call.orders.clone();
            let (_, mut sending) = call.answer(Response::new(()));
            sending.send_data(Bytes::from("half"), false).unwrap();
            orders.leave();
            after_others.notified().await;
            sending.send_data(Bytes::from("whole"), true).unwrap();
        }
    });
    let gateway = Gateway::start(over(origin.address()));
    let mut first = Ask::get("/first").start(gateway.http());
    origin.wait_for_calls(1);
    for _ in 0..10 {
        assert_eq!(Ask::post("/", "body").to(gateway.http()).text(), "next");
    }
    others.notify_one();
    let first = first.answer();
    assert!(first.body.complete && first.text() == "halfwhole");
    assert!(origin.seen().last().unwrap().connection > 0);
    gateway.stop();
}

/// A frame: kind and stream.
fn frame(stream: &mut TcpStream) -> Option<(u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, _, stream_id @ ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((kind, u32::from_be_bytes(stream_id)))
}

/// Before an origin: the first connection with a request gets these frames in answer to it, and is closed;
/// all others are passed on.
fn saying_first(answer: fn(u32) -> Vec<u8>, origin: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let said = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let said = Arc::clone(&said);
            thread::spawn(move || {
                if said.load(Ordering::SeqCst) {
                    return pass(stream, origin);
                }
                let mut stream = stream;
                let _gone = stream.read_exact(&mut [0; 24]);
                let _gone = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
                while let Some((kind, id)) = frame(&mut stream) {
                    if kind == 1 {
                        said.store(true, Ordering::SeqCst);
                        let _gone = stream.write_all(&answer(id));
                        // With bytes unread a close would be a reset, which takes back what was said.
                        let _gone = stream.shutdown(std::net::Shutdown::Write);
                        let _gone = std::io::copy(&mut stream, &mut std::io::sink());
                        return;
                    }
                }
            });
        }
    });
    address
}

fn pass(client: TcpStream, origin: SocketAddr) {
    let origin = TcpStream::connect(origin).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), origin.try_clone().unwrap());
    thread::spawn(move || {
        let _broken = std::io::copy(&mut from, &mut to);
        let _gone = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (origin, client);
    let _broken = std::io::copy(&mut from, &mut to);
    let _gone = to.shutdown(std::net::Shutdown::Both);
}

/// GOAWAY: the last stream that was looked at, and why.
fn goaway(last: u32, reason: u8) -> Vec<u8> {
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend([0, 0, 0, reason]);
    frame
}

#[test]
fn what_the_server_did_not_look_at_is_sent_again_with_its_body() {
    for answer in [
        (|_| goaway(0, 0)) as fn(u32) -> Vec<u8>,
        |_| goaway(0, 11),
        // REFUSED_STREAM
        |id| [&[0, 0, 4, 3, 0][..], &id.to_be_bytes(), &[0, 0, 0, 7]].concat(),
    ] {
        let origin = H2Origin::echo();
        let gateway = Gateway::start(over(saying_first(answer, origin.address())));
        let answer = Ask::post("/", "once").to(gateway.http());
        assert_eq!((answer.status, answer.text()), (200, "once".to_owned()));
        assert_eq!(origin.seen().len(), 1);
        let metrics = gateway.metrics();
        assert_eq!(metrics.count("portcullis_upstream_retries_total", &[]), 1);
        gateway.stop();
    }
}

#[test]
fn what_the_server_may_have_done_is_not_done_again() {
    for answer in [
        // It left after looking at this one, and broke.
        (|id| goaway(id, 0)) as fn(u32) -> Vec<u8>,
        // Simply gone.
        |_| Vec::new(),
        // INTERNAL_ERROR
        |id| [&[0, 0, 4, 3, 0][..], &id.to_be_bytes(), &[0, 0, 0, 2]].concat(),
    ] {
        let origin = H2Origin::echo();
        let gateway = Gateway::start(over(saying_first(answer, origin.address())));
        Ask::post("/", "once")
            .to(gateway.http())
            .assert_refused(502, "upstream_closed");
        assert!(origin.seen().is_empty());
        assert_eq!(Ask::post("/", "next").to(gateway.http()).text(), "next");
        gateway.stop();
    }
}

#[test]
fn a_large_body_is_not_kept_to_be_sent_again() {
    let origin = H2Origin::playing(|mut call| async move {
        if call.connection > 0 {
            return call.say("again").await;
        }
        let mut read = 0;
        while let Some(Ok(piece)) = call.body.data().await {
            let _taken = call.body.flow_control().release_capacity(piece.len());
            read += piece.len();
            if read > 100_000 {
                return call.reset(Reason::REFUSED_STREAM);
            }
        }
    });
    let gateway = Gateway::start(over(origin.address()));
    Ask::post("/", vec![0; 1_000_000])
        .over(Proto::H2c, &gateway)
        .assert_refused(502, "upstream_closed");
    gateway.stop();
}

#[test]
fn a_connection_that_ends_under_a_repeatable_request_is_replaced() {
    let origin = H2Origin::playing(|call| async move {
        if call.connection == 0 && call.head.uri.path() == "/second" {
            call.orders.break_off();
            // Not a word before that: a stream let go of would be reset.
            return hold(call).await;
        }
        call.say("here").await;
    });
    let gateway = Gateway::start(over(origin.address()));
    assert_eq!(Ask::get("/first").to(gateway.http()).text(), "here");
    assert_eq!(Ask::get("/second").to(gateway.http()).text(), "here");
    assert_eq!(origin.seen().last().unwrap().connection, 1);
    gateway.stop();
}

/// Neither answers nor resets.
async fn hold(_call: H2Call) {
    std::future::pending::<()>().await;
}

/// Answers on its first connection until it is asked for `/dead`, and then nothing there.
fn dying() -> H2Origin {
    H2Origin::playing(|call| async move {
        if call.connection == 0 && call.head.uri.path() == "/dead" {
            call.orders.fall_silent();
            return hold(call).await;
        }
        call.say("here").await;
    })
}

#[test]
fn a_silent_connection_is_found_out_by_ping() {
    let origin = dying();
    let gateway = Gateway::start(over(origin.address()).upstream("ping = \"1s\""));
    let mut dead = Ask::post("/dead", "x").start(gateway.http());
    // Long before `response_head`, which is 15 s.
    let refused = dead.answer();
    refused.assert_refused(502, "upstream_closed");
    let line = gateway.wait_for_log("its line", |line| line["path"] == "/dead");
    assert!(line["duration_ms"].as_f64().unwrap() < 14_000.0, "{line}");
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "here");
    gateway.stop();
}

#[test]
fn nobody_follows_a_request_that_waited_in_vain_on_a_silent_connection() {
    let origin = dying();
    let policy = over(origin.address()).and("[defaults.timeouts]\nresponse_head = \"200ms\"");
    let gateway = Gateway::start(policy);
    Ask::get("/dead")
        .to(gateway.http())
        .assert_refused(504, "upstream_timeout");
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "here");
    assert_eq!(origin.seen().last().unwrap().connection, 1);
    gateway.stop();
}
