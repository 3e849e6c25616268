//! Requests of HTTP/2 as clients write them and as attackers do: brought into one form or refused, so that
//! nothing reaches the upstream that was not asked for.

use crate::support::frames::{DATA, END_STREAM, Frames, GET, GOAWAY, HEADERS, RST_STREAM};
use crate::support::{Ask, Certs, Gateway, Origin, Proto, Session, policy};

/// What a stream or a connection ends with (RFC 9113 §7).
const PROTOCOL_ERROR: u32 = 1;

fn echoing() -> (Origin, Gateway) {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    (origin, gateway)
}

#[test]
fn cookies_in_crumbs_arrive_as_one_line() {
    let (origin, gateway) = echoing();
    let ask = Ask::get("/")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("cookie", "c=3");
    assert_eq!(ask.over(Proto::H2c, &gateway).status, 200);
    assert_eq!(origin.calls()[0].head.all("cookie"), ["a=1; b=2; c=3"]);
    gateway.stop();
}

#[test]
fn host_and_authority_must_agree() {
    let (origin, gateway) = echoing();
    let session = Session::open(Proto::H2c, &gateway);
    for hosts in [
        &["other.test"][..],
        &["gateway.test:81"],
        &["gateway.test", "gateway.test"],
    ] {
        let ask = hosts
            .iter()
            .fold(Ask::get("/"), |ask, host| ask.header("host", host));
        let refused = session.ask(&ask.header("x-request-id", "hosts-at-odds"));
        refused.assert_refused(400, "host_invalid");
        assert_eq!(refused.header("connection"), None);
    }
    assert!(origin.calls().is_empty());
    assert_eq!(
        session
            .ask(&Ask::get("/").header("host", "Gateway.test:80"))
            .status,
        200
    );
    assert_eq!(origin.calls()[0].head.all("host"), ["gateway.test"]);
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &GET[..3], END_STREAM);
    assert_eq!(frames.fate(1).unwrap().status(), Some(400), "no host at all");
    frames.request(3, &[&GET[..3], &[("host", "named.test")]].concat(), END_STREAM);
    assert_eq!(frames.fate(3).unwrap().status(), Some(200));
    assert_eq!(origin.calls()[1].head.all("host"), ["named.test"]);
    gateway.stop();
}

#[test]
fn methods_that_are_not_passed_on_end_their_stream_alone() {
    let (origin, gateway) = echoing();
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &[(":method", "CONNECT"), (":authority", "other.test:443")], 0);
    let fate = frames.fate(1).unwrap();
    assert!(fate.kind == HEADERS && fate.status().is_none(), "501: {fate:?}");
    let other = [&[(":method", "CONNECT"), (":protocol", "connect-udp")], &GET[1..]].concat();
    frames.request(3, &other, 0);
    let fate = frames.fate(3).unwrap();
    assert!(fate.kind == HEADERS && fate.status().is_none(), "501: {fate:?}");
    frames.request(5, &GET, END_STREAM);
    assert_eq!(frames.fate(5).unwrap().status(), Some(200));
    Session::open(Proto::H2c, &gateway)
        .ask(&Ask::new("TRACE", "/"))
        .assert_refused(501, "method_refused");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn fields_that_would_frame_another_request_end_the_stream() {
    let (origin, gateway) = echoing();
    for field in [
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("X-Upper", "1"),
        ("x-line", "1\r\ntransfer-encoding: chunked"),
        ("content-length", "+5"),
        ("content-length", "10"),
        (":path", "/twice"),
    ] {
        let mut frames = Frames::open(gateway.http());
        frames.request(1, &[&GET[..], &[field]].concat(), END_STREAM);
        let fate = frames.fate(1).unwrap();
        assert!(matches!(fate.kind, RST_STREAM | GOAWAY), "{field:?}: {fate:?}");
        assert_eq!(fate.error(), PROTOCOL_ERROR, "{field:?}");
    }
    // A number to us, and an octal one to somebody else.
    let mut frames = Frames::open(gateway.http());
    let post = [&[(":method", "POST")], &GET[1..], &[("content-length", "010")]].concat();
    frames.request(1, &post, 0);
    frames.send(DATA, END_STREAM, 1, b"1234567890");
    assert_eq!(frames.fate(1).and_then(|fate| fate.status()), Some(400));
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    gateway.stop();
}

const NAMES: [&str; 10] = [
    "", "x y", "x:y", "x\0", "x\r\ny", "x\t", "\u{e9}", "x-\u{7f}", ":x", "host\0",
];
const VALUES: [&str; 9] = [
    "\0", "a\r\nb", "a\nb", "a\rb", " a", "a ", "\ta", "a\t", "a\u{7f}",
];
/// In place of what a request has.
const REPLACED: [(&str, &[&str]); 4] = [
    (
        ":method",
        &[
            "",
            "GET ",
            " GET",
            "GE T",
            "GET / HTTP/1.1\r\nx: y",
            "GET\0",
            "G\u{c9}T",
            "(GET)",
        ],
    ),
    (
        ":path",
        &[
            "",
            "a",
            "/a b",
            "/a\tb",
            "/a\r\nx: y",
            "/\0",
            "/\u{e9}",
            "/?caf\u{e9}",
            "/\u{7f}",
            "http://other.test/",
            "*",
            "?x",
            "?/x",
            "//\r",
        ],
    ),
    (
        ":authority",
        &[
            "",
            "a b",
            "a\r\nb",
            "user@gateway.test",
            "gateway.test:99999",
            "gateway.test/x",
            "a,b",
            "a\0",
            "a:80:80",
        ],
    ),
    (":scheme", &["", "ht tp", "http\r\n", "http://", "ftp"]),
];

#[test]
fn nothing_that_another_parser_could_read_in_two_ways_gets_through() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    for proto in [Proto::H2c, Proto::H2Tls] {
        let refused = |fields: &[(&str, &str)]| {
            let mut frames = Frames::over(proto, &gateway);
            frames.request(1, fields, END_STREAM);
            let fate = frames.fate(1);
            let refused = fate.is_none_or(|fate| fate.kind != HEADERS || fate.status() == Some(400));
            assert!(refused, "{fields:?}");
        };
        for name in NAMES {
            refused(&[&GET[..], &[(name, "1")]].concat());
        }
        for value in VALUES {
            refused(&[&GET[..], &[("x-value", value)]].concat());
        }
        for (name, values) in REPLACED {
            for value in values {
                refused(&GET.map(|field| if field.0 == name { (name, *value) } else { field }));
            }
        }
    }
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    gateway.stop();
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_is_never_a_whole_request() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let fields = [&[(":method", "POST")], &GET[1..], &[("content-length", "5")]].concat();
    for body in ["123", "1234567"] {
        let mut frames = Frames::open(gateway.http());
        frames.request(1, &fields, 0);
        frames.send(DATA, END_STREAM, 1, body.as_bytes());
        let fate = frames.fate(1).unwrap();
        assert!(
            fate.kind == RST_STREAM || fate.status() == Some(400),
            "{body}: {fate:?}"
        );
    }
    let mut frames = Frames::open(gateway.http());
    frames.request(1, &[&fields[..], &[("content-length", "5")]].concat(), 0);
    frames.send(DATA, END_STREAM, 1, b"12345");
    assert_eq!(frames.fate(1).unwrap().status(), Some(200));
    let whole = origin.calls().pop().unwrap();
    assert_eq!(whole.head.all("content-length"), ["5"]);
    assert_eq!(Ask::get("/next").to(gateway.http()).json()["method"], "GET");
    gateway.stop();
}

#[test]
fn heads_have_the_limits_of_the_listener() {
    let origin = Origin::echo();
    let gateway = Gateway::start(
        policy([origin.address()]).listener("max_head = \"8KiB\"\nmax_headers = 20\nmax_target = \"100B\""),
    );
    let session = Session::open(Proto::H2c, &gateway);
    let many = |count| (0..count).fold(Ask::get("/"), |ask, n| ask.header(&format!("x-{n}"), "1"));
    assert_eq!(session.ask(&many(15)).status, 200);
    session.ask(&many(25)).assert_refused(431, "too_many_headers");
    let crumbs = (0..50).fold(Ask::get("/"), |ask, n| ask.header("cookie", &format!("c{n}=1")));
    assert_eq!(session.ask(&crumbs).status, 200, "crumbs are one header");
    session
        .ask(&Ask::get(&format!("/{}", "x".repeat(100))))
        .assert_refused(414, "target_too_long");
    let mut frames = Frames::open(gateway.http());
    let large = "x".repeat(9000);
    frames.request(1, &[&GET[..], &[("x-large", &large)]].concat(), END_STREAM);
    let fate = frames.fate(1).unwrap();
    assert!(fate.kind != HEADERS || fate.status() != Some(200), "{fate:?}");
    assert_eq!(origin.calls().len(), 2);
    gateway.stop();
}
