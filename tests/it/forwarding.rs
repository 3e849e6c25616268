//! What the upstream is told, about the client and otherwise: forwarded headers rewritten, hop-by-hop headers
//! dropped, everything else passed on as it came.

use serde_json::Value;

use crate::support::{Ask, Gateway, Origin, Reply, policy};

/// The values of a header that the origin saw.
fn seen<'a>(echo: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = echo["headers"].as_array().unwrap();
    let same = |pair: &&Value| pair[0].as_str().unwrap().eq_ignore_ascii_case(name);
    headers
        .iter()
        .filter(same)
        .map(|pair| pair[1].as_str().unwrap())
        .collect()
}

const NONE: [&str; 0] = [];

#[test]
fn a_stranger_cannot_write_its_own_address() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let echo = Ask::get("/")
        .header("X-Forwarded-For", "1.2.3.4")
        .header("x-forwarded-for", "5.6.7.8")
        .header("X-Real-IP", "1.2.3.4")
        .header("Forwarded", "for=1.2.3.4")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "evil.test")
        .to(gateway.http())
        .json();
    assert_eq!(seen(&echo, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen(&echo, "x-real-ip"), ["127.0.0.1"]);
    assert_eq!(seen(&echo, "x-forwarded-proto"), ["http"]);
    assert_eq!(seen(&echo, "x-forwarded-host"), ["gateway.test"]);
    assert_eq!(seen(&echo, "forwarded"), NONE);
    assert_eq!(seen(&echo, "host"), ["gateway.test"]);
    gateway.stop();
}

#[test]
fn behind_a_trusted_proxy_the_rightmost_stranger_is_the_client() {
    let origin = Origin::echo();
    let trusting =
        policy([origin.address()]).and("[client]\ntrusted_proxies = [\"loopback\", \"10.0.0.0/8\"]");
    let gateway = Gateway::start(trusting);
    let echo = Ask::get("/")
        .header("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.1.2.3")
        .header("X-Forwarded-Proto", "https")
        .to(gateway.http())
        .json();
    assert_eq!(seen(&echo, "x-real-ip"), ["203.0.113.7"]);
    assert_eq!(
        seen(&echo, "x-forwarded-for"),
        ["203.0.113.7, 10.1.2.3, 127.0.0.1"]
    );
    assert_eq!(seen(&echo, "x-forwarded-proto"), ["https"]);
    let logged = gateway.wait_for_log("the client", |line| line["client.ip"] == "203.0.113.7");
    assert_eq!(logged["status"], 200);
    gateway.stop();
}

#[test]
fn hop_by_hop_headers_end_here_in_both_directions() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        let reply = call
            .echo(&body)
            .header("Connection", "x-inner")
            .header("X-Inner", "1");
        line.reply(&reply.header("Keep-Alive", "timeout=9").header("X-Outer", "2"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/")
        .header("Connection", "keep-alive, X-Hop")
        .header("X-Hop", "1")
        .header("Proxy-Connection", "keep-alive")
        .header("Proxy", "http://evil.test")
        .header("X-End", "2")
        .to(gateway.http());
    let echo = answer.json();
    for name in ["x-hop", "proxy-connection", "proxy"] {
        assert_eq!(seen(&echo, name), NONE, "{name}");
    }
    assert_eq!(seen(&echo, "x-end"), ["2"]);
    assert_eq!(
        (answer.header("x-inner"), answer.header("x-outer")),
        (None, Some("2"))
    );
    assert_eq!(
        answer.header("keep-alive").filter(|value| value.contains('9')),
        None
    );
    gateway.stop();
}

#[test]
fn connection_cannot_be_used_to_strip_what_the_upstream_relies_on() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for name in ["X-Forwarded-For", "Authorization", "Cookie", "Host"] {
        let ask = Ask::get("/").header("Connection", &format!("close, {name}"));
        assert_eq!(ask.to(gateway.http()).status, 400, "{name}");
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn repeated_headers_stay_apart_and_in_order() {
    let origin = Origin::answering(
        Reply::text("ok")
            .header("Set-Cookie", "a=1")
            .header("Set-Cookie", "b=2"),
    );
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/")
        .header("X-Many", "1")
        .header("X-Many", "2")
        .to(gateway.http());
    assert_eq!(answer.head.all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(origin.calls()[0].head.all("x-many"), ["1", "2"]);
    gateway.stop();
}

#[test]
fn head_and_bodiless_answers_leave_the_connection_usable() {
    let origin = Origin::playing(|call, line| {
        let _sent = match call.target.as_str() {
            "/204" => line.send("HTTP/1.1 204 No\r\n\r\n"),
            "/304" => line.send("HTTP/1.1 304 Same\r\nETag: \"x\"\r\n\r\n"),
            "/early" => {
                line.send("HTTP/1.1 103 Hint\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!")
            }
            _ if call.method == "HEAD" => line.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            _ => line.reply(&Reply::text("hello")),
        };
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    let head = Ask::head("/").via(&mut wire);
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
    assert_eq!(Ask::get("/204").via(&mut wire).status, 204);
    assert_eq!(Ask::get("/304").via(&mut wire).header("etag"), Some("\"x\""));
    wire.send(Ask::get("/early").bytes());
    let mut answer = wire.answer();
    if answer.status == 103 {
        answer = wire.answer();
    }
    assert_eq!((answer.status, answer.text().as_str()), (200, "!"));
    assert_eq!(Ask::get("/").via(&mut wire).text(), "hello");
    gateway.stop();
}
