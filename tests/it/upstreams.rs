//! The other side: servers in turn, connections reused and retried where that is safe, and an upstream's faults
//! told from each other.

use std::net::{SocketAddr, TcpListener};

use crate::support::reply::chunk;
use crate::support::{Ask, Gateway, Origin, Reply, policy};

#[test]
fn servers_take_turns() {
    let (one, two) = (Origin::echo(), Origin::echo());
    let gateway = Gateway::start(policy([one.address(), two.address()]));
    let mut wire = gateway.connect();
    for _ in 0..10 {
        assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    }
    assert_eq!((one.calls().len(), two.calls().len()), (5, 5));
    gateway.stop();
}

#[test]
fn a_connection_is_used_again() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    for _ in 0..5 {
        assert_eq!(Ask::post("/", "x").via(&mut wire).json()["connection"], 0);
    }
    gateway.stop();
}

#[test]
fn a_connection_idle_for_longer_than_pool_idle_is_not() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).upstream("pool_idle = \"100ms\""));
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut wire).json()["connection"], 0);
    assert!(wire.is_silent_for(std::time::Duration::from_millis(400)));
    assert_eq!(Ask::get("/").via(&mut wire).json()["connection"], 1);
    gateway.stop();
}

#[test]
fn an_upstreams_shorter_keep_alive_wins() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        line.reply(&call.echo(&body).header("Keep-Alive", "timeout=0"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    for connection in 0..3 {
        assert_eq!(Ask::get("/").via(&mut wire).json()["connection"], connection);
    }
    gateway.stop();
}

/// Answers the first request of each connection and hangs up on the second, as a recycled worker does.
fn recycling() -> Origin {
    Origin::playing(|call, line| {
        let body = line.body();
        if call.turn == 0 {
            line.reply(&call.echo(&body));
        } else {
            line.close();
        }
    })
}

#[test]
fn a_stale_connection_costs_the_client_nothing() {
    let origin = recycling();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    for _ in 0..6 {
        assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    }
    assert!(
        origin.calls().iter().any(|call| call.turn == 1),
        "no connection was used again"
    );
    assert!(
        gateway
            .metrics()
            .count("portcullis_upstream_retries_total", &[("upstream", "backend")])
            >= 1
    );
    gateway.stop();
}

#[test]
fn a_post_that_may_have_arrived_is_not_sent_twice() {
    let origin = recycling();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    Ask::post("/pay", "once")
        .via(&mut wire)
        .assert_refused(502, "upstream_closed");
    assert_eq!(
        origin.calls().iter().filter(|call| call.target == "/pay").count(),
        1
    );
    gateway.stop();
}

#[test]
fn a_new_connection_that_closes_unanswered_is_502_and_not_tried_again() {
    let origin = Origin::playing(|_, line| line.close());
    let gateway = Gateway::start(policy([origin.address()]));
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_closed");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn faults_before_the_answer_are_told_apart() {
    for (bytes, code) in [
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "upstream_invalid"),
        ("HTTP/1.1 banana OK\r\n\r\n", "upstream_invalid"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            "upstream_invalid",
        ),
        ("HTTP/1.1 200 OK\r\nContent-", "upstream_closed"),
    ] {
        let origin = Origin::playing(move |_, line| {
            line.send(bytes);
            line.close();
        });
        let gateway = Gateway::start(policy([origin.address()]));
        let answer = Ask::get("/").to(gateway.http());
        assert_eq!((answer.status, answer.code().as_str()), (502, code), "{bytes}");
        gateway.stop();
    }
    let origin = Origin::playing(|_, line| line.reset());
    let gateway = Gateway::start(policy([origin.address()]));
    assert_eq!(Ask::get("/").to(gateway.http()).status, 502);
    gateway.stop();
}

#[test]
fn nobody_listening_is_502() {
    let gateway = Gateway::start(policy([dead_address()]));
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_unreachable");
    gateway.stop();
}

#[test]
fn a_name_that_does_not_resolve_is_no_reason_not_to_start() {
    let origin = Origin::echo();
    let gateway = Gateway::start(
        policy(["not-there.invalid:80"])
            .and(&format!(
                "[upstreams.live]\nservers = [\"http://localhost:{}\"]",
                origin.address().port()
            ))
            .and("[[routes]]\nmatch = { path = \"/live\" }\nupstream = \"live\"")
            .route("dead", "path = \"/*\"", ""),
    );
    let answer = Ask::get("/").to(gateway.http());
    answer.assert_refused(503, "upstream_unresolved");
    crate::support::until("`localhost` resolves", || {
        Ask::get("/live").to(gateway.http()).status == 200
    });
    gateway.stop();
}

/// Sends the beginning of an answer and cuts it.
fn cut_after(bytes: Vec<u8>) -> Origin {
    Origin::playing(move |_, line| {
        line.send(&bytes);
        line.close();
    })
}

#[test]
fn a_cut_answer_is_not_passed_off_as_a_whole_one() {
    let chunked = [&Reply::text("").chunked_head()[..], &chunk("half")].concat();
    for bytes in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf".to_vec(),
        chunked,
    ] {
        let origin = cut_after(bytes);
        let gateway = Gateway::start(policy([origin.address()]));
        let answer = Ask::get("/").to(gateway.http());
        assert_eq!(
            (answer.status, answer.text().as_str(), answer.body.complete),
            (200, "half", false)
        );
        let line = gateway.wait_for_log("the request's line", |line| line["status"] == 200);
        assert_ne!(line["end"], "complete");
        gateway.stop();
    }
}

#[test]
fn an_answer_that_ends_with_its_connection_is_whole() {
    let origin = cut_after(b"HTTP/1.1 200 OK\r\n\r\nall of it".to_vec());
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/").to(gateway.http());
    assert_eq!(
        (answer.text().as_str(), answer.body.complete),
        ("all of it", true)
    );
    gateway.stop();
}

#[test]
fn trailers_are_kept_both_ways() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        let reply = call.echo(&body);
        line.send(Reply::text("").header("Trailer", "X-Sum").chunked_head());
        line.send(chunk(&reply.bytes()[reply.head_without_body().len()..]));
        line.send("0\r\nX-Sum: 42\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTE: trailers\r\nTrailer: X-Check\r\n");
    wire.send("Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Check: 7\r\n\r\n");
    let answer = wire.answer();
    let echo = answer.json();
    assert_eq!(echo["body"], "body");
    assert_eq!(
        echo["trailers"][0][0].as_str().map(str::to_lowercase).as_deref(),
        Some("x-check"),
        "{echo}"
    );
    let trailers: Vec<_> = answer
        .body
        .trailers
        .iter()
        .map(|(key, value)| (key.to_lowercase(), value))
        .collect();
    assert_eq!(trailers, [("x-sum".to_owned(), &"42".to_owned())]);
    gateway.stop();
}

fn dead_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
