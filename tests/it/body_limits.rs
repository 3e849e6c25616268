//! Bodies over the limit end where they cross it, declared or not; bodies at the limit pass whole.

use crate::support::reply::chunk;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, policy, until};

fn limit_of_1000(origin: &Origin) -> Gateway {
    Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"1000B\""))
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_body_exactly_at_the_limit_passes() {
    let origin = Origin::echo();
    let gateway = limit_of_1000(&origin);
    let body = "x".repeat(1000);
    assert_eq!(
        Ask::post("/", &body).to(gateway.http()).json()["body"],
        body.as_str()
    );
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk(&body[..400]));
    wire.send(chunk(&body[400..]));
    wire.send("0\r\n\r\n");
    let echo = wire.answer().json();
    assert_eq!(
        (&echo["body"], &echo["complete"]),
        (&body.as_str().into(), &true.into())
    );
    gateway.stop();
}

#[test]
fn a_declared_length_one_over_is_refused_before_a_byte_goes_upstream() {
    let origin = Origin::echo();
    let gateway = limit_of_1000(&origin);
    Ask::post("/", "x".repeat(1001))
        .to(gateway.http())
        .assert_refused(413, "body_too_large");
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_client_that_asks_first_is_told_before_it_sends() {
    let origin = Origin::echo();
    let gateway = limit_of_1000(&origin);
    let mut wire = gateway.connect();
    wire.send(
        "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n",
    );
    wire.answer().assert_refused(413, "body_too_large");
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(wire.answer().status, 100);
    wire.send("body");
    assert_eq!(wire.answer().json()["body"], "body");
    gateway.stop();
}

#[test]
fn a_chunked_body_is_cut_where_it_crosses_the_limit() {
    let ended = Gate::default();
    let saw_end = ended.clone();
    let origin = Origin::playing(move |_, line| {
        let body = line.body();
        assert!(!body.complete, "the upstream took a cut body for a whole one");
        assert!(
            body.bytes.len() <= 1000,
            "{} bytes reached the upstream",
            body.bytes.len()
        );
        saw_end.open();
    });
    let gateway = limit_of_1000(&origin);
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(600)));
    origin.wait_for_calls(1);
    wire.send(chunk("x".repeat(600)));
    wire.answer().assert_refused(413, "body_too_large");
    assert!(ended.wait(), "the upstream's side was left open");
    gateway.stop();
}

#[test]
fn a_route_may_have_its_own_limit_or_none() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[defaults]\nmax_body = \"10B\"")
        .route("upload", "path = \"/upload\"", "max_body = \"off\"")
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let body = "x".repeat(100_000);
    assert_eq!(
        Ask::post("/upload", &body).to(gateway.http()).json()["body"],
        body.as_str()
    );
    Ask::post("/", &body[..11])
        .to(gateway.http())
        .assert_refused(413, "body_too_large");
    gateway.stop();
}

#[test]
fn a_body_is_passed_on_as_it_comes() {
    let pieces = Gate::default();
    let arrived = pieces.clone();
    let origin = Origin::playing(move |_, line| {
        while line.piece().is_some() {
            arrived.pass_one();
        }
        line.reply(&Reply::text("all of it"));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    for _ in 0..5 {
        wire.send(chunk("piece"));
        assert!(
            pieces.wait(),
            "the piece did not reach the upstream before the next was sent"
        );
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), "all of it");
    gateway.stop();
}

#[test]
fn an_answer_may_come_before_the_body_was_read() {
    let origin = Origin::playing(|_, line| {
        line.reply(&Reply::new(403, "application/json", "{}"));
        line.wait_for_close();
    });
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"off\""));
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100000000\r\n\r\nbegin");
    assert_eq!(wire.head().status, 403);
    drop(wire);
    until("the gateway is well", || {
        Ask::get("/health").to(gateway.http()).status == 200
    });
    gateway.stop();
}

#[test]
fn a_client_that_still_sends_is_not_cut_off_from_its_answer() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[defaults]\nmax_body = \"1KiB\""));
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 3276800\r\n\r\n");
    wire.answer().assert_refused(413, "body_too_large");
    let piece = vec![b'x'; 65536];
    assert!(
        (0..50).all(|_| wire.try_send(&piece)),
        "the connection was reset under the client's hands"
    );
    wire.finish_sending();
    assert!(wire.is_closed());
    gateway.stop();
}
