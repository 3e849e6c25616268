//! Servers reached in HTTP/2: many requests on one connection, each as if it had one of its own.

use h2::Reason;

use crate::support::chat::Peer;
use crate::support::policy::PolicyText;
use crate::support::{Ask, Certs, Front, Gate, Gateway, H2Origin, Origin, Proto, policy, reaching, until};

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
        until("the name is looked up", || {
            Ask::get("/").to(gateway.http()).status != 503
        });
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
fn an_idle_connection_is_not_used_again() {
    let origin = H2Origin::saying("here");
    let gateway = Gateway::start(over(&origin).upstream("pool_idle = \"10ms\""));
    until("a request finds the connection too old", || {
        assert_eq!(Ask::get("/").to(gateway.http()).text(), "here");
        origin.seen().last().unwrap().connection > 0
    });
    gateway.stop();
}

#[test]
fn a_websocket_finds_no_upgrade() {
    let origin = H2Origin::saying("an ordinary answer");
    let gateway = Gateway::start(over(&origin));
    assert_eq!(Peer::try_open(gateway.http(), "/chat").err(), Some(200));
    let seen = origin.seen().pop().unwrap();
    assert!(!seen.head.contains_key("upgrade") && !seen.head.contains_key("connection"));
    gateway.stop();
}
