//! Answers that break the rules and that all readers take alike: they are passed on as they should have been, and
//! counted. What is ambiguous passes only where the policy tolerates it by name.

use http::Response;

use crate::support::{Ask, Certs, Gateway, H2Origin, Origin, Proto, policy};

const REPAIRED: &str = "portcullis_upstream_repaired_total";

/// What a server sends, why it is put right, and whether the connection is used again.
type Case = (&'static str, &'static str, bool);

/// Each has the body `hi`, or none, and a field `X` with the value `a b` if it has one.
const FOR_ALL: [Case; 11] = [
    ("HTTP/1.1 699 OK\r\nContent-Length: 2\r\n\r\nhi", "status", true),
    ("HTTP/1.1 999\r\nContent-Length: 2\r\n\r\nhi", "status", true),
    ("HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi", "version", true),
    (
        "HTTP/1.1 200 \x01\r\nContent-Length: 2\r\n\r\nhi",
        "reason_phrase",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nX: a\r\n\t b\r\nContent-Length: 2\r\n\r\nhi",
        "folded",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 2\r\n\r\nhi",
        "control",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nX : a b\r\nContent-Length: 2\r\n\r\nhi",
        "space_before_colon",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi",
        "space_before_colon",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 002\r\n\r\nhi",
        "leading_zeros",
        false,
    ),
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 12\r\n\r\n",
        "body_forbidden",
        false,
    ),
    (
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "body_forbidden",
        false,
    ),
];

/// The same, where it is tolerated; the connection is never used again.
const TOLERATED: [Case; 8] = [
    (
        "HTTP/1.1 200 OK\nX: a b\nContent-Length: 2\n\nhi",
        "bare_lf",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "repeated_length",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi",
        "repeated_length",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "length_with_chunks",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi",
        "identity_coding",
        false,
    ),
    (
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "chunks_in_http_1_0",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nWarning in line 3\r\nX: a b\r\nContent-Length: 2\r\n\r\nhi",
        "bad_field",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\n<b>Notice</b>: x\r\nContent-Length: 2\r\n\r\nhi",
        "bad_field",
        false,
    ),
];

/// Plays the case with the number in the target, in one piece or octet by octet; anything else is echoed.
fn playing(cases: Vec<&'static str>) -> Origin {
    Origin::playing(move |call, line| {
        let body = line.body();
        let mut words = call.target.trim_start_matches('/').split('/');
        let number = words.next().and_then(|number| number.parse::<usize>().ok());
        let Some(answer) = number.map(|number| cases[number]) else {
            line.reply(&call.echo(&body));
            return;
        };
        let size = if words.next() == Some("slowly") {
            1
        } else {
            answer.len()
        };
        // It may be hung up on before the end.
        let _sent = answer.as_bytes().chunks(size).all(|piece| line.send(piece));
    })
}

/// Asks for a case and for the next answer after it.
fn plays(gateway: &Gateway, number: usize, (answer, reason, stays): Case, proto: Proto, way: &str) {
    let what = format!("{answer:?} {way} {proto:?}");
    let before = gateway.metrics().count(REPAIRED, &[("reason", reason)]);
    let got = Ask::get(&format!("/{number}/{way}")).over(proto, gateway);
    let status: u16 = answer[9..12].parse().unwrap();
    assert_eq!(got.status, status, "{what}: {}", got.text());
    assert_eq!(got.text(), if status == 204 { "" } else { "hi" }, "{what}");
    if answer.contains("\nX") {
        assert_eq!(got.header("x"), Some("a b"), "{what}");
    }
    let length = got.head.all("content-length");
    let told: &[&str] = if status == 204 { &[] } else { &["2"] };
    assert!(length == told || length.is_empty(), "{what}: {length:?}");
    assert!(got.body.complete, "{what}");
    let counted = gateway
        .metrics()
        .count(REPAIRED, &[("upstream", "backend"), ("reason", reason)]);
    assert_eq!(counted, before + 1, "{what}");
    let connection = || Ask::get("/whole").to(gateway.http()).json()["connection"].clone();
    let kept = connection();
    Ask::get(&format!("/{number}/{way}")).to(gateway.http());
    assert_eq!(
        connection() == kept,
        stays,
        "{what}: whether the connection is used again"
    );
}

#[test]
fn what_all_readers_take_alike_passes_in_the_right_form() {
    let origin = playing(FOR_ALL.map(|case| case.0).to_vec());
    let gateway = Gateway::start(policy([origin.address()]).workers(1).tls(&Certs::new()));
    for (number, case) in FOR_ALL.into_iter().enumerate() {
        plays(&gateway, number, case, Proto::Http1, "at-once");
        plays(&gateway, number, case, Proto::Http1, "slowly");
        plays(&gateway, number, case, Proto::H2c, "at-once");
    }
    gateway.stop();
}

#[test]
fn what_a_policy_tolerates_passes_and_nothing_else() {
    let origin = playing(TOLERATED.map(|case| case.0).to_vec());
    for name in TOLERATED.map(|case| case.1) {
        let tolerate = format!("tolerate = [\"{name}\"]");
        let gateway = Gateway::start(policy([origin.address()]).workers(1).upstream(&tolerate));
        assert!(
            gateway.metrics().names().contains(&REPAIRED),
            "it stands at 0 before the first"
        );
        for (number, case) in TOLERATED.into_iter().enumerate() {
            if case.1 == name {
                plays(&gateway, number, case, Proto::Http1, "at-once");
                plays(&gateway, number, case, Proto::Http1, "slowly");
            } else {
                Ask::get(&format!("/{number}/at-once"))
                    .to(gateway.http())
                    .assert_refused(502, "upstream_invalid");
            }
        }
        gateway.stop();
    }
}

#[test]
fn an_interim_answer_with_a_length_has_no_body() {
    let origin = playing(vec![
        "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ]);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/0/at-once").via(&mut wire).text(), "hi");
    assert_eq!(
        gateway.metrics().count(REPAIRED, &[("reason", "body_forbidden")]),
        1
    );
    gateway.stop();
}

#[test]
fn a_handshake_is_granted_whatever_it_tells_of_a_body() {
    let origin = playing(vec![
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    ]);
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    let handshake = Ask::get("/0/at-once")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    wire.send(handshake.bytes());
    let head = wire.head();
    assert_eq!(head.status, 101);
    assert_eq!(head.header("transfer-encoding"), None);
    assert_eq!(head.header("content-length"), None);
    assert_eq!(
        gateway.metrics().count(REPAIRED, &[("reason", "body_forbidden")]),
        1
    );
    gateway.stop();
}

#[test]
fn answers_of_http_2_are_put_right_too() {
    let origin = H2Origin::playing(|call| async move {
        let status: u16 = call.head.uri.path()[1..].parse().unwrap();
        let head = Response::builder().status(status).header("content-length", "12");
        let mut respond = call.respond;
        let body = if status == 204 { "" } else { "hello, world" };
        let mut sending = respond
            .send_response(head.body(()).unwrap(), body.is_empty())
            .unwrap();
        if !body.is_empty() {
            let _gone = sending.send_data(body.into(), true);
        }
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .upstream("http2 = true")
            .tls(&Certs::new()),
    );
    for proto in Proto::ALL {
        let empty = Ask::get("/204").over(proto, &gateway);
        assert_eq!(
            (empty.status, empty.header("content-length")),
            (204, None),
            "{proto:?}"
        );
        let odd = Ask::get("/742").over(proto, &gateway);
        assert_eq!(
            (odd.status, odd.text().as_str()),
            (742, "hello, world"),
            "{proto:?}"
        );
    }
    for reason in ["body_forbidden", "status"] {
        assert_eq!(
            gateway.metrics().count(REPAIRED, &[("reason", reason)]),
            4,
            "{reason}"
        );
    }
    gateway.stop();
}
