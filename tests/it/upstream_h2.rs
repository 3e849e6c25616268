//! Servers reached in HTTP/2: many requests on one connection, each as if it had one of its own.

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Response};
use http_body::Frame;

use crate::support::policy::PolicyText;
use crate::support::{
    Ask, Certs, Front, Gate, Gateway, H2Origin, Origin, Proto, Session, policy, reaching, until,
};

fn over(origin: &H2Origin) -> PolicyText {
    policy([origin.address()]).upstream("http2 = true").workers(1)
}

/// Holds its answers until the gate lets them go.
fn held(most: Option<u32>) -> (H2Origin, Gate) {
    let gate = Gate::default();
    let theirs = gate.clone();
    let origin = H2Origin::taking(most, move |call| {
        let gate = theirs.clone();
        async move {
            let passed = tokio::task::spawn_blocking(move || gate.wait()).await;
            assert!(passed.unwrap());
            call.say("late").await;
        }
    });
    (origin, gate)
}

#[test]
fn a_request_arrives_as_it_was_meant_whatever_the_client_speaks() {
    let (origin, certs) = (H2Origin::echo(), Certs::new());
    certs.issue("app", &["localhost"]);
    let front = Front::before(origin.address(), &certs, "app", "h2", false);
    let ca = certs.authority();
    let secure = reaching([format!("https://localhost:{}", front.port())])
        .upstream(&format!("http2 = true\ntls = {{ ca = \"{}\" }}", ca.display()));
    for (policy, scheme) in [(over(&origin), "http"), (secure, "https")] {
        let gateway = Gateway::start(policy.tls(&certs));
        for proto in Proto::ALL {
            let ask = Ask::post("/a%20b/../c?q=1&r=%2F", "hello")
                .header("Connection", "X-Hop")
                .header("X-Hop", "gone")
                .header("X-Own", "kept");
            // HTTP/2 knows no `Connection`, so such a client cannot send it.
            let ask = if proto.is_h2() {
                Ask::post(ask.target(), "hello").header("X-Own", "kept")
            } else {
                ask
            };
            let answer = ask.over(proto, &gateway);
            assert_eq!(
                (answer.status, answer.text()),
                (200, "hello".to_owned()),
                "{proto:?}"
            );
            let seen = origin.seen().pop().unwrap();
            let uri = format!("{scheme}://gateway.test/a%20b/../c?q=1&r=%2F");
            assert_eq!(seen.uri, uri.as_str(), "{proto:?}");
            assert_eq!(seen.head["x-own"], "kept");
            assert_eq!(seen.head["content-length"], "5");
            assert_eq!(seen.head["x-forwarded-for"], "127.0.0.1");
            for gone in ["host", "connection", "x-hop", "te"] {
                assert!(!seen.head.contains_key(gone), "{gone} over {proto:?}");
            }
        }
        gateway.stop();
    }
    assert_eq!(front.hellos()[0].protocol.as_deref(), Some("h2"));
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
    let answer = Ask::post("/", &body).over(Proto::H2c, &gateway);
    assert!(answer.body.complete && answer.body.bytes == body);
    gateway.stop();
}

#[test]
fn many_requests_share_one_connection() {
    let (origin, gate) = held(None);
    let gateway = Gateway::start(over(&origin));
    // All at once, with no connection there: only one is made.
    let asked: Vec<_> = (0..40).map(|_| Ask::get("/").start(gateway.http())).collect();
    origin.wait_for_calls(40);
    assert!(origin.seen().iter().all(|seen| seen.connection == 0));
    gate.open();
    for mut wire in asked {
        assert_eq!(wire.answer().text(), "late");
    }
    let connects = |result| {
        let metrics = gateway.metrics();
        metrics.count("portcullis_upstream_connects_total", &[("result", result)])
    };
    assert_eq!(connects("ok"), 1);
    gateway.stop();
}

#[test]
fn who_takes_few_streams_gets_more_connections_and_never_a_stream_too_many() {
    let (origin, gate) = held(Some(5));
    let gateway = Gateway::start(over(&origin));
    let asked: Vec<_> = (0..12).map(|_| Ask::get("/").start(gateway.http())).collect();
    origin.wait_for_calls(12);
    for connection in 0..3 {
        let streams = origin
            .seen()
            .iter()
            .filter(|seen| seen.connection == connection)
            .count();
        assert!((1..=5).contains(&streams), "{streams} on {connection}");
    }
    gate.open();
    for mut wire in asked {
        assert_eq!(wire.answer().text(), "late");
    }
    assert_eq!(
        gateway.metrics().count("portcullis_upstream_retries_total", &[]),
        0
    );
    gateway.stop();
}

#[test]
fn a_client_that_leaves_resets_its_stream_and_no_other() {
    let (tell, told) = std::sync::mpsc::channel();
    let origin = H2Origin::playing(move |mut call| {
        let tell = tell.clone();
        async move {
            if call.head.uri.path() == "/stays" {
                return call.say("here").await;
            }
            let reset = std::future::poll_fn(|cx| call.respond.poll_reset(cx)).await;
            tell.send(reset.unwrap()).unwrap();
        }
    });
    let gateway = Gateway::start(over(&origin));
    let leaves = Ask::get("/leaves").start(gateway.http());
    origin.wait_for_calls(1);
    drop(leaves);
    assert_eq!(
        told.recv_timeout(crate::support::DEADLINE).unwrap(),
        Reason::CANCEL
    );
    assert_eq!(Ask::get("/stays").to(gateway.http()).text(), "here");
    assert_eq!(origin.seen()[1].connection, 0);
    gateway.stop();
}

#[test]
fn what_breaks_off_is_never_complete() {
    let origin = H2Origin::playing(|call| async move {
        let (path, orders) = (call.head.uri.path().to_owned(), call.orders.clone());
        let (_, mut sending) = call.answer(Response::new(()));
        sending.send_data(Bytes::from("half"), false).unwrap();
        // Let the half go before the end comes.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if path == "/reset" {
            sending.send_reset(Reason::INTERNAL_ERROR);
        } else {
            orders.break_off();
        }
    });
    let gateway = Gateway::start(over(&origin).tls(&Certs::new()));
    for proto in Proto::ALL {
        for path in ["/reset", "/break"] {
            let answer = Ask::get(path).over(proto, &gateway);
            assert_eq!(answer.text(), "half", "{path} over {proto:?}");
            assert!(!answer.body.complete, "{path} over {proto:?}");
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
    assert!(told.recv_timeout(crate::support::DEADLINE).unwrap());
    // The client's own end is as little an end.
    let (exchange, pieces) = session.upload(&Ask::new("POST", "/left"));
    pieces.send(Frame::data(Bytes::from("half"))).unwrap();
    origin.wait_for_calls(2);
    drop(exchange);
    assert!(told.recv_timeout(crate::support::DEADLINE).unwrap());
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
    assert!(told.recv_timeout(crate::support::DEADLINE).unwrap());
    drop(pieces);
    gateway.stop();
}

#[test]
fn a_server_of_http_1_is_told_apart() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).upstream("http2 = true"));
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_invalid");
    gateway.wait_for_log("the remedy", |line| {
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("leave `http2` out"))
    });
    let (certs, h1) = (Certs::new(), Origin::echo());
    certs.issue("app", &["localhost"]);
    let front = Front::before(h1.address(), &certs, "app", "http/1.1", false);
    let ca = certs.authority();
    gateway.rewrite(
        reaching([format!("https://localhost:{}", front.port())])
            .upstream(&format!("http2 = true\ntls = {{ ca = \"{}\" }}", ca.display())),
    );
    assert!(gateway.reload());
    until("its name is looked up", || {
        Ask::get("/").to(gateway.http()).status != 503
    });
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_tls");
    assert!(h1.calls().is_empty());
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

#[test]
fn an_idle_connection_is_not_used_again() {
    let origin = H2Origin::saying("here");
    let gateway = Gateway::start(over(&origin).upstream("pool_idle = \"10ms\""));
    until("a request finds the connection too old", || {
        assert_eq!(Ask::get("/").to(gateway.http()).text(), "here");
        origin.seen().last().unwrap().connection > 0
    });
    gateway.stop();
}
