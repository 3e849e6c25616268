//! Bodies to and from servers in HTTP/2: they flow both ways at once, and what breaks off is never taken for whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Response};
use http_body::Frame;
use tokio::sync::Notify;

use crate::support::policy::PolicyText;
use crate::support::{Ask, Certs, DEADLINE, Gateway, H2Origin, Proto, Session, policy};

fn over(origin: &H2Origin) -> PolicyText {
    policy([origin.address()]).upstream("http2 = true").workers(1)
}

#[test]
fn bodies_and_trailers_flow_both_ways_at_once() {
    let origin = H2Origin::echo();
    let gateway = Gateway::start(over(&origin).tls(&Certs::new()));
    for proto in [Proto::H2c, Proto::H2Tls] {
        let session = Session::open(proto, &gateway);
        let (mut exchange, pieces) = session.upload(&Ask::new("POST", "/"));
        assert_eq!(exchange.head().status, 200, "before the request has ended");
        for word in ["one", "two", "three"] {
            pieces.send(Frame::data(Bytes::from(word))).unwrap();
            exchange.piece_with(word);
        }
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "3".parse().unwrap())]);
        pieces.send(Frame::trailers(trailers)).unwrap();
        drop(pieces);
        let rest = exchange.rest_of_body();
        assert!(rest.complete);
        assert_eq!(rest.trailers, [("x-sum".to_owned(), "3".to_owned())]);
    }
    gateway.stop();
}

#[test]
fn a_large_body_comes_back_whole() {
    let origin = H2Origin::echo();
    let gateway = Gateway::start(over(&origin).and("[defaults]\nmax_body = \"64MiB\""));
    let body: Vec<u8> = (0..20_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let began = Instant::now();
    let answer = Ask::post("/", &body).over(Proto::H2c, &gateway);
    assert!(answer.body.complete && answer.body.bytes == body);
    // The server gathers what it writes. Where it waits for acknowledgements that nobody sends at once, this takes a second for each
    // megabyte; else half a second in all.
    assert!(Instant::now() - began < Duration::from_secs(15));
    gateway.stop();
}

/// Those that nobody takes yet leave room to those that are taken, on one connection.
#[test]
fn eighty_answers_at_once_come_whole() {
    const LENGTH: usize = 40_000;
    let origin = H2Origin::playing(|call| async move {
        let name = call.head.uri.path().as_bytes().to_vec();
        let (_, mut sending) = call.answer(Response::new(()));
        let body: Vec<u8> = name.iter().copied().cycle().take(LENGTH).collect();
        let _gone = sending.send_data(body.into(), true);
    });
    let gateway = Gateway::start(over(&origin));
    let session = Session::open(Proto::H2c, &gateway);
    let asks: Vec<_> = (0..80).map(|at| Ask::get(&format!("/{at}"))).collect();
    let mut exchanges: Vec<_> = asks.iter().map(|ask| session.start(ask)).collect();
    for exchange in &mut exchanges {
        assert_eq!(exchange.head().status, 200);
    }
    // The last asked for first: each of the others waits with all that it may have.
    for (at, mut exchange) in exchanges.into_iter().enumerate().rev() {
        let name = format!("/{at}");
        let body: Vec<u8> = name.bytes().cycle().take(LENGTH).collect();
        let rest = exchange.rest_of_body();
        assert!(rest.complete && rest.bytes == body, "{name}");
    }
    let connections: Vec<_> = origin.seen().iter().map(|seen| seen.connection).collect();
    assert!(
        connections.iter().all(|connection| *connection == 0),
        "{connections:?}"
    );
    gateway.stop();
}

#[test]
fn what_breaks_off_is_never_complete() {
    let seen = Arc::new(Notify::new());
    let half_seen = Arc::clone(&seen);
    let origin = H2Origin::playing(move |call| {
        let half_seen = Arc::clone(&half_seen);
        async move {
            let (path, orders) = (call.head.uri.path().to_owned(), call.orders.clone());
            let (_, mut sending) = call.answer(Response::new(()));
            sending.send_data(Bytes::from("half"), false).unwrap();
            half_seen.notified().await;
            match path.as_str() {
                "/fault" => sending.send_reset(Reason::INTERNAL_ERROR),
                // Neither of them says that this was all: only the end of the stream does (RFC 9113 §8.1).
                "/cancel" => sending.send_reset(Reason::CANCEL),
                "/no-error" => sending.send_reset(Reason::NO_ERROR),
                _ => orders.break_off(),
            }
        }
    });
    let gateway = Gateway::start(over(&origin).tls(&Certs::new()));
    for proto in Proto::ALL {
        for path in ["/fault", "/cancel", "/no-error", "/break"] {
            let mut exchange = Session::open(proto, &gateway).start(&Ask::get(path));
            assert_eq!(exchange.head().status, 200);
            exchange.piece_with("half");
            seen.notify_one();
            assert!(!exchange.rest_of_body().complete, "{path} over {proto:?}");
        }
    }
    gateway.wait_for_log("the line", |line| line["end"] == "upstream_cut");
    gateway.stop();
}

#[test]
fn a_request_body_that_breaks_a_limit_never_ends_cleanly() {
    let (tell, told) = std::sync::mpsc::channel();
    let origin = H2Origin::playing(move |mut call| {
        let tell = tell.clone();
        async move { tell.send(call.read().await.is_none()).unwrap() }
    });
    let gateway = Gateway::start(over(&origin).and("[defaults]\nmax_body = \"1KiB\""));
    let session = Session::open(Proto::H2c, &gateway);
    let (mut exchange, pieces) = session.upload(&Ask::new("POST", "/large"));
    pieces.send(Frame::data(Bytes::from(vec![0; 1000]))).unwrap();
    origin.wait_for_calls(1);
    pieces.send(Frame::data(Bytes::from(vec![0; 1000]))).unwrap();
    assert_eq!(exchange.head().status, 413);
    assert!(told.recv_timeout(DEADLINE).unwrap());
    // The client's own end is as little an end.
    let (exchange, pieces) = session.upload(&Ask::new("POST", "/left"));
    pieces.send(Frame::data(Bytes::from("half"))).unwrap();
    origin.wait_for_calls(2);
    drop(exchange);
    assert!(told.recv_timeout(DEADLINE).unwrap());
    gateway.stop();
}

#[test]
fn an_answer_before_the_request_has_ended_is_passed_on_and_the_rest_not_wanted() {
    let (tell, told) = std::sync::mpsc::channel();
    let origin = H2Origin::playing(move |mut call| {
        let tell = tell.clone();
        async move {
            let head = Response::builder().status(401).body(()).unwrap();
            let mut sending = call.respond.send_response(head, false).unwrap();
            sending.send_data(Bytes::from("no"), true).unwrap();
            tell.send(call.read().await.is_none()).unwrap();
        }
    });
    let gateway = Gateway::start(over(&origin));
    let session = Session::open(Proto::H2c, &gateway);
    let (exchange, pieces) = session.upload(&Ask::new("POST", "/"));
    pieces.send(Frame::data(Bytes::from("half"))).unwrap();
    let answer = exchange.answer();
    assert_eq!((answer.status, answer.text()), (401, "no".to_owned()));
    assert!(told.recv_timeout(DEADLINE).unwrap());
    drop(pieces);
    gateway.stop();
}

/// An upload that the server has no window for waits for nothing but that: its end must reach it all the same, or the stream would be
/// there for ever, and a hundred of them would be the end of a connection that all clients share.
#[test]
fn an_upload_that_the_server_does_not_take_ends_with_its_client() {
    let (tell, told) = std::sync::mpsc::channel();
    let origin = H2Origin::taking(Some(1), move |call| {
        let tell = tell.clone();
        async move {
            if call.head.uri.path() == "/next" {
                return call.say("free").await;
            }
            // Nothing is read, so nothing more is granted; a full answer, or none, changes nothing in that.
            let early = call.head.uri.path() == "/early";
            let mut respond = call.respond;
            let mut sending = respond.send_response(Response::new(()), early).unwrap();
            let reset = std::future::poll_fn(|cx| sending.poll_reset(cx)).await;
            tell.send(reset.is_ok()).unwrap();
        }
    });
    let gateway = Gateway::start(over(&origin).and("[defaults]\nmax_body = \"1MiB\""));
    for path in ["/early", "/never"] {
        let session = Session::open(Proto::H2c, &gateway);
        let (mut exchange, pieces) = session.upload(&Ask::new("POST", path));
        for _ in 0..5 {
            pieces.send(Frame::data(Bytes::from(vec![0; 16_000]))).unwrap();
        }
        assert_eq!(exchange.head().status, 200);
        drop((exchange, pieces));
        assert!(told.recv_timeout(DEADLINE).unwrap(), "{path}");
        assert_eq!(Ask::get("/next").over(Proto::H2c, &gateway).text(), "free");
    }
    gateway.stop();
}

#[test]
fn what_has_no_body_is_complete_whatever_length_it_tells_of() {
    let origin = H2Origin::playing(|call| async move {
        let head = Response::builder().status(304).header("content-length", "5");
        let (_, mut sending) = call.answer(head.body(()).unwrap());
        let _gone = sending.send_data(Bytes::new(), true);
    });
    let gateway = Gateway::start(over(&origin));
    for proto in [Proto::Http1, Proto::H2c] {
        let answer = Ask::get("/").over(proto, &gateway);
        assert_eq!(answer.status, 304, "{proto:?}");
        assert!(answer.body.complete && answer.body.bytes.is_empty(), "{proto:?}");
    }
    gateway.stop();
}

/// A frame of nothing says nothing, however often: not that the connection of all should end.
#[test]
fn empty_frames_do_no_harm() {
    let origin = H2Origin::playing(|call| async move {
        let (_, mut sending) = call.answer(Response::new(()));
        for at in 0..300 {
            let piece = if at % 2 == 0 {
                Bytes::new()
            } else {
                Bytes::from("x")
            };
            if sending.send_data(piece, false).is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        let _gone = sending.send_data(Bytes::from("."), true);
    });
    let gateway = Gateway::start(over(&origin));
    for proto in [Proto::Http1, Proto::H2c] {
        let answer = Ask::get("/").over(proto, &gateway);
        assert!(answer.body.complete, "{proto:?}");
        assert_eq!(answer.body.bytes.len(), 151);
    }
    let connections: Vec<_> = origin.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0]);
    gateway.stop();
}

#[test]
fn an_answer_that_breaks_http_2_is_refused() {
    let origin = H2Origin::playing(|call| async move {
        // A length that is not kept (RFC 9113 §8.1.1).
        let head = Response::builder()
            .header("content-length", "5")
            .body(())
            .unwrap();
        let (_, mut sending) = call.answer(head);
        sending.send_data(Bytes::from("too long"), true).unwrap();
    });
    let gateway = Gateway::start(over(&origin));
    let mut exchange = Session::open(Proto::H2c, &gateway).start(&Ask::get("/"));
    // The reset may overtake the head.
    if exchange.try_head().is_some_and(|head| head.status != 502) {
        assert!(!exchange.rest_of_body().complete);
    }
    gateway.stop();
}
