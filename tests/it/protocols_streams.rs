//! Bodies and their ends over HTTP/1.1 and HTTP/2, in the clear and under TLS: nothing is held back, nothing is
//! taken in too fast, and whoever leaves is noticed on the other side.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;

use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy, until};

fn gateway(origin: &Origin, tables: &str) -> Gateway {
    Gateway::start(policy([origin.address()]).tls(&Certs::new()).and(tables))
}

#[test]
fn a_large_body_passes_unchanged_both_ways() {
    let origin = Origin::playing(|_, line| {
        let body = line.body();
        line.reply(&Reply::new(200, "application/octet-stream", body.bytes));
    });
    let gateway = gateway(&origin, "");
    let body: Vec<u8> = (0_u32..600_000).flat_map(u32::to_le_bytes).collect();
    for proto in Proto::ALL {
        let answer = Ask::post("/", &body).over(proto, &gateway);
        assert!(answer.body.complete && answer.body.bytes == body, "{proto:?}");
    }
    gateway.stop();
}

#[test]
fn events_arrive_one_by_one() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream", "").chunked_head());
        for number in 0..3 {
            assert!(held.wait());
            line.send(chunk(format!("data: {number}\n\n")));
        }
        line.send("0\r\n\r\n");
    });
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let mut events = Session::open(proto, &gateway).start(&Ask::get("/events"));
        assert_eq!(events.head().header("content-type"), Some("text/event-stream"));
        for number in 0..3 {
            gate.pass_one();
            events.piece_with(&format!("data: {number}\n\n"));
        }
        assert!(events.rest_of_body().complete, "{proto:?}");
    }
    gateway.stop();
}

#[test]
fn an_upload_arrives_piece_by_piece() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::text("").chunked_head());
        while let Some(piece) = line.piece() {
            line.send(chunk(piece));
        }
        line.send("0\r\n\r\n");
    });
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let session = Session::open(proto, &gateway);
        let (mut exchange, pieces) = session.upload(&Ask::new("POST", "/"));
        assert_eq!(exchange.head().status, 200);
        for piece in ["one", "two", "three"] {
            pieces.send(Frame::data(Bytes::from(piece))).unwrap();
            exchange.piece_with(piece);
        }
        drop(pieces);
        assert!(exchange.rest_of_body().complete, "{proto:?}");
    }
    gateway.stop();
}

#[test]
fn a_client_that_does_not_read_stops_the_upstream_from_sending() {
    const PIECE: usize = 64 * 1024;
    const MOST: usize = 32 * 1024 * 1024;
    for proto in Proto::ALL {
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let origin = Origin::playing(move |_, line| {
            line.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MOST * 4));
            while counter.load(Ordering::SeqCst) < MOST * 4 && line.send([b'x'; PIECE]) {
                counter.fetch_add(PIECE, Ordering::SeqCst);
            }
        });
        let gateway = gateway(&origin, "");
        let mut download = Session::open(proto, &gateway).start(&Ask::get("/"));
        assert_eq!(download.head().status, 200);
        let mut before = usize::MAX;
        until("the upstream is stopped", || {
            let now = sent.load(Ordering::SeqCst);
            std::thread::park_timeout(Duration::from_millis(200));
            let stands = now == before;
            before = now;
            stands
        });
        assert!(before < MOST, "{proto:?}: {before}");
        drop(download);
    }
}

#[test]
fn an_upstream_that_is_late_is_504() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.close();
    });
    let gateway = gateway(&origin, "[defaults.timeouts]\nresponse_head = \"200ms\"");
    for proto in Proto::ALL {
        let late = Ask::get("/").over(proto, &gateway);
        late.assert_refused(504, "upstream_timeout");
        assert_eq!(late.json()["timeout"], "response_head");
    }
    gate.open();
    gateway.stop();
}

#[test]
fn a_client_that_leaves_is_noticed_upstream_and_in_the_log() {
    let gone = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&gone);
    let origin = Origin::playing(move |call, line| {
        if call.target == "/answered" {
            line.send(Reply::new(200, "text/event-stream", "").chunked_head());
            line.send(chunk("data: 1\n\n"));
        }
        line.wait_for_close();
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let gateway = gateway(&origin, "");
    for (round, proto) in Proto::ALL.into_iter().enumerate() {
        let session = Session::open(proto, &gateway);
        let (unanswered, answered) = (format!("unanswered-{proto:?}"), format!("answered-{proto:?}"));
        let waiting = session.start(&Ask::get("/").header("X-Request-ID", &unanswered));
        origin.wait_for_calls(round * 2 + 1);
        drop(waiting);
        let session = if proto.is_h2() {
            session
        } else {
            Session::open(proto, &gateway)
        };
        let mut stream = session.start(&Ask::get("/answered").header("X-Request-ID", &answered));
        stream.head();
        stream.piece_with("data: 1");
        drop(stream);
        until("the upstream knows", || {
            gone.load(Ordering::SeqCst) == round * 2 + 2
        });
        for (id, status) in [(&unanswered, 499), (&answered, 200)] {
            let line = gateway.wait_for_log(id, |line| line["request_id"] == id.as_str());
            assert_eq!(
                (&line["status"], &line["end"]),
                (&status.into(), &"client_gone".into()),
                "{proto:?}"
            );
        }
    }
    gateway.stop();
}

#[test]
fn an_upload_that_breaks_off_is_no_whole_request() {
    let whole = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&whole);
    let origin = Origin::playing(move |_, line| {
        if line.body().complete {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let gateway = gateway(&origin, "");
    for (round, proto) in Proto::ALL.into_iter().enumerate() {
        let session = Session::open(proto, &gateway);
        let id = format!("broken-upload-{proto:?}");
        let (exchange, pieces) = session.upload(&Ask::new("POST", "/").header("X-Request-ID", &id));
        pieces.send(Frame::data(Bytes::from_static(b"half"))).unwrap();
        origin.wait_for_calls(round + 1);
        drop(exchange);
        gateway.wait_for_log(&id, |line| line["request_id"] == id.as_str());
    }
    assert_eq!(whole.load(Ordering::SeqCst), 0);
    gateway.stop();
}

#[test]
fn an_answer_that_is_cut_is_not_passed_off_as_whole() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::text("").chunked_head());
        line.send(chunk("half"));
        line.close();
    });
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let mut download = Session::open(proto, &gateway).start(&Ask::get("/"));
        assert_eq!(download.head().status, 200);
        assert!(!download.rest_of_body().complete, "{proto:?}");
    }
    gateway.stop();
}
