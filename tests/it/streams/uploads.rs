//! Uploads while they run: the answer may come first, and neither side waits for the other in vain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;

use crate::support::{Ask, Certs, Gateway, Origin, Proto, Reply, Session, policy, until};

const BEGUN: &str = "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000000\r\n\r\nbegin";

#[test]
fn a_final_answer_is_passed_on_while_the_upload_still_runs() {
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        line.reply(&Reply::new(413, "text/plain", "enough"));
        line.wait_for_close();
    });
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        let (mut exchange, pieces) = Session::open(proto, &gateway).upload(&Ask::new("POST", "/"));
        pieces.send(Frame::data(Bytes::from_static(b"begin"))).unwrap();
        let answer = exchange.head();
        assert_eq!(answer.status, 413, "{proto:?}");
        assert_eq!(exchange.rest_of_body().bytes, b"enough", "{proto:?}");
        drop(pieces);
    }
    gateway.stop();
}

#[test]
fn a_client_that_sends_on_after_a_final_answer_can_read_it() {
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        line.reply(&Reply::new(401, "text/plain", "who are you?"));
        line.wait_for_close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(BEGUN);
    origin.wait_for_calls(1);
    for _ in 0..50 {
        wire.try_send([b'x'; 10_000]);
    }
    let answer = wire.answer();
    assert_eq!((answer.status, answer.text().as_str()), (401, "who are you?"));
    gateway.stop();
}

#[test]
fn an_upload_that_the_upstream_breaks_off_is_refused_at_once() {
    let origin = Origin::playing(|_, line| {
        assert!(line.piece().is_some());
        line.reset();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(BEGUN);
    wire.answer().assert_refused(502, "upstream_closed");
    gateway.stop();
}

#[test]
fn an_upstream_that_does_not_read_stops_the_client_from_sending() {
    const PIECE: usize = 64 * 1024;
    const MOST: usize = 32 << 20;
    let origin = Origin::playing(|_, line| {
        // Neither reads nor hangs up, until the gateway does.
        while line.send("") {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"1GiB\""));
    let mut wire = gateway.connect();
    wire.send(format!(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n\r\n",
        MOST * 4
    ));
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let sending = std::thread::spawn(move || {
        while counter.load(Ordering::SeqCst) < MOST * 4 && wire.try_send([b'x'; PIECE]) {
            counter.fetch_add(PIECE, Ordering::SeqCst);
        }
    });
    let mut before = 0;
    until("the client is stopped", || {
        std::thread::park_timeout(Duration::from_millis(300));
        let now = sent.load(Ordering::SeqCst);
        let stands = now > 0 && now == before;
        before = now;
        stands
    });
    assert!(before < MOST, "{before} bytes were taken in while nobody read");
    drop(gateway);
    sending.join().unwrap();
}
