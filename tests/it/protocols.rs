//! The same behaviour whatever a client speaks: HTTP/1.1 and HTTP/2, in the clear and under TLS. One gateway
//! per test answers all of them.

use bytes::Bytes;
use http_body::Frame;

use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gateway, Origin, Proto, Reply, Session, policy, until};

fn gateway(origin: &Origin, tables: &str) -> Gateway {
    Gateway::start(policy([origin.address()]).tls(&Certs::new()).and(tables))
}

#[test]
fn a_request_arrives_as_it_was_meant() {
    let origin = Origin::echo();
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let answer = Ask::post("/a%20b/../c?q=1&r=%2F", "hello")
            .header("X-Own", "kept")
            .header("X-Forwarded-For", "192.0.2.9")
            .over(proto, &gateway);
        let echo = answer.json();
        assert_eq!(
            (&echo["method"], &echo["target"]),
            (&"POST".into(), &"/a%20b/../c?q=1&r=%2F".into())
        );
        assert_eq!(
            (&echo["body"], &echo["complete"]),
            (&"hello".into(), &true.into())
        );
        let call = origin.calls().pop().unwrap();
        assert_eq!(call.head.first, "POST /a%20b/../c?q=1&r=%2F HTTP/1.1");
        assert_eq!(call.head.all("host"), ["gateway.test"], "{proto:?}");
        assert_eq!(call.header("x-own"), Some("kept"));
        assert_eq!(call.header("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(call.header("x-forwarded-host"), Some("gateway.test"));
        let scheme = if proto.is_tls() { "https" } else { "http" };
        assert_eq!(call.header("x-forwarded-proto"), Some(scheme), "{proto:?}");
    }
    gateway.stop();
}

#[test]
fn routes_are_found_by_host_path_and_method() {
    let origin = Origin::echo();
    let certs = Certs::new();
    certs.issue("a", &["gateway.test", "a.test"]);
    let policy = policy([origin.address()])
        .and(&certs.listener(&["a"]))
        .route("a", "host = \"a.test\", path = \"/x\"", "")
        .route("post", "path = \"/x\", methods = [\"POST\"]", "");
    let gateway = Gateway::start(policy);
    for proto in Proto::ALL {
        assert_eq!(Ask::get("/x").host("A.test:99").over(proto, &gateway).status, 200);
        let refused = Ask::get("/x").over(proto, &gateway);
        refused.assert_refused(405, "method_not_allowed");
        assert_eq!(refused.header("allow"), Some("POST"));
        Ask::get("/y")
            .over(proto, &gateway)
            .assert_refused(404, "not_found");
    }
    gateway.stop();
}

#[test]
fn a_limit_refuses_and_says_when_to_come_back() {
    let origin = Origin::echo();
    let gateway = gateway(
        &origin,
        "[limits.few]\nrate = \"8/hour\"\n[defaults]\nlimits = [\"few\"]",
    );
    let sessions = Proto::ALL.map(|proto| Session::open(proto, &gateway));
    for _ in 0..2 {
        for session in &sessions {
            assert_eq!(session.ask(&Ask::get("/")).status, 200);
        }
    }
    for session in &sessions {
        let refused = session.ask(&Ask::get("/"));
        refused.assert_refused(429, "rate_limited");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(origin.calls().len(), 8);
    gateway.stop();
}

#[test]
fn a_body_over_the_limit_is_refused_whether_it_says_its_length_or_not() {
    let origin = Origin::echo();
    let gateway = gateway(&origin, "[defaults]\nmax_body = \"1000B\"");
    for proto in Proto::ALL {
        let session = Session::open(proto, &gateway);
        let refused = session.ask(&Ask::post("/", "x".repeat(1001)));
        refused.assert_refused(413, "body_too_large");
        if proto.is_h2() {
            assert_eq!(refused.header("connection"), None);
            let echo = session.ask(&Ask::post("/", "x".repeat(1000)));
            assert_eq!(echo.status, 200, "only the stream ended");
        }
        let session = Session::open(proto, &gateway);
        let (exchange, pieces) = session.upload(&Ask::new("POST", "/"));
        for _ in 0..3 {
            let _late = pieces.send(Frame::data(Bytes::from(vec![b'x'; 400])));
        }
        exchange.answer().assert_refused(413, "body_too_large");
    }
    gateway.stop();
}

#[test]
fn every_answer_is_dressed_and_only_https_asks_for_https() {
    let origin = Origin::echo();
    let gateway = gateway(
        &origin,
        "[defaults.security_headers]\nhsts = {}\n[[routes]]\nmatch = { path = \"/there\" }\nupstream = \"backend\"",
    );
    for proto in Proto::ALL {
        for target in ["/there", "/nowhere", "/health"] {
            let answer = Ask::get(target).over(proto, &gateway);
            assert_eq!(
                answer.header("x-frame-options"),
                Some("SAMEORIGIN"),
                "{proto:?} {target}"
            );
            assert_eq!(
                answer.header("server"),
                None,
                "the upstream's own header: {target}"
            );
            assert!(answer.header("x-request-id").is_some());
            let hsts = answer.header("strict-transport-security");
            assert_eq!(hsts.is_some(), proto.is_tls(), "{proto:?} {target}: {hsts:?}");
        }
    }
    gateway.stop();
}

/// A page for developers.
const PAGE: &str = "<h2>Traceback (most recent call last)</h2>";

#[test]
fn an_error_page_is_masked() {
    let origin = Origin::answering(Reply::new(500, "text/html", PAGE).header("Connection", "close"));
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let masked = Ask::get("/").over(proto, &gateway);
        masked.assert_refused(500, "upstream_error");
        assert!(!masked.text().contains("Traceback"));
        assert_eq!(masked.header("connection"), None, "{proto:?}");
    }
    gateway.stop();
}

#[test]
fn a_preflight_is_answered_here() {
    let origin = Origin::echo();
    let gateway = gateway(&origin, "[defaults.cors]\norigins = [\"https://app.test\"]");
    for proto in Proto::ALL {
        let answer = Ask::new("OPTIONS", "/")
            .header("Origin", "https://app.test")
            .header("Access-Control-Request-Method", "PUT")
            .over(proto, &gateway);
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://app.test")
        );
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_head_request_gets_the_head_alone() {
    let origin = Origin::playing(|_, line| {
        line.send(Reply::text("12345").head_without_body());
    });
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let session = Session::open(proto, &gateway);
        for (target, length) in [("/", "5"), ("/health", "15")] {
            let answer = session.ask(&Ask::head(target));
            assert_eq!(answer.status, 200);
            assert_eq!(
                answer.header("content-length"),
                Some(length),
                "{proto:?} {target}"
            );
            assert!(answer.body.complete && answer.body.bytes.is_empty());
        }
        let refused = session.ask(&Ask::head("/health").header("X-Request-ID", "head-of-a-refusal"));
        assert_eq!(refused.header("x-request-id"), Some("head-of-a-refusal"));
        let refused = session.ask(&Ask::head("/metrics"));
        assert!(refused.body.complete && refused.body.bytes.is_empty());
    }
    gateway.stop();
}

#[test]
fn trailers_pass_both_ways() {
    let origin = Origin::playing(|call, line| {
        let trailers = line.body().trailers;
        let reply = Reply::text("").header("Trailer", "X-Sum").header(
            "X-Seen",
            &format!("{} {trailers:?}", call.header("te").unwrap_or("no te")),
        );
        line.send(reply.chunked_head());
        line.send([&chunk("body")[..], b"0\r\nX-Sum: 4\r\n\r\n"].concat());
    });
    let gateway = gateway(&origin, "");
    for proto in [Proto::H2c, Proto::H2Tls] {
        let ask = Ask::new("POST", "/")
            .header("TE", "trailers")
            .header("Trailer", "x-up");
        let (exchange, pieces) = Session::open(proto, &gateway).upload(&ask);
        let mut up = http::HeaderMap::new();
        up.insert("x-up", "1".parse().unwrap());
        pieces.send(Frame::data(Bytes::from_static(b"body"))).unwrap();
        pieces.send(Frame::trailers(up)).unwrap();
        drop(pieces);
        let answer = exchange.answer();
        let seen = answer.header("x-seen").unwrap().to_lowercase();
        assert!(
            seen.contains("no te") && seen.contains("(\"x-up\", \"1\")"),
            "{seen}"
        );
        assert_eq!(answer.text(), "body");
        assert_eq!(answer.body.trailers, [("x-sum".to_owned(), "4".to_owned())]);
    }
    gateway.stop();
}

#[test]
fn the_access_log_says_what_was_spoken() {
    let origin = Origin::echo();
    let gateway = gateway(&origin, "");
    for proto in Proto::ALL {
        let id = format!("spoken-{proto:?}");
        Ask::post("/path?secret", "12345")
            .host("Shop.test:1234")
            .header("X-Request-ID", &id)
            .header("User-Agent", "matrix")
            .over(proto, &gateway);
        let line = gateway.wait_for_log("the request", |line| line["request_id"] == id.as_str());
        assert_eq!(line["http_version"], proto.version());
        assert_eq!(
            (&line["status"], &line["bytes_in"], &line["end"]),
            (&200.into(), &5.into(), &"complete".into())
        );
        assert_eq!(
            line["host"].as_str().unwrap().to_lowercase(),
            "shop.test:1234",
            "{proto:?}"
        );
        assert_eq!(
            (&line["path"], &line["user_agent"]),
            (&"/path".into(), &"matrix".into())
        );
    }
    until("every request is over", || {
        gateway.metrics().count("portcullis_in_flight_requests", &[]) == 0
    });
    gateway.stop();
}
