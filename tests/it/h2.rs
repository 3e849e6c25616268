//! HTTP/2 as clients write it and as attackers do: heads brought into one form, limits kept, connections that
//! end when nobody uses them.

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM,
    SETTINGS, block,
};
use crate::support::{Ask, Certs, Gate, Gateway, Origin, Proto, Reply, Session, policy, until};

/// Frames end a stream or a connection with these (RFC 9113 §7).
const PROTOCOL_ERROR: u32 = 1;
const ENHANCE_YOUR_CALM: u32 = 11;

fn echoing() -> (Origin, Gateway) {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    (origin, gateway)
}

#[test]
fn the_preface_may_come_byte_by_byte() {
    let (_origin, gateway) = echoing();
    let mut wire = gateway.connect();
    for byte in PREFACE {
        wire.send([*byte]);
    }
    wire.send([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]);
    assert_eq!(wire.exactly(9).unwrap()[3], SETTINGS);
    gateway.stop();
}

#[test]
fn what_only_begins_like_the_preface_is_http_1() {
    let (origin, gateway) = echoing();
    let mut wire = gateway.connect();
    wire.send("P");
    wire.send("RI * HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    wire.answer().assert_refused(400, "target_invalid");
    let mut wire = gateway.connect();
    wire.send("P");
    wire.send("OST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\n\r\n");
    wire.send("body");
    assert_eq!(wire.answer().json()["body"], "body");
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn half_a_preface_does_not_hold_a_connection() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .listener("timeouts = { request_head = \"300ms\", keep_alive_idle = \"300ms\" }");
    let gateway = Gateway::start(text);
    let mut wire = gateway.connect();
    wire.send(&PREFACE[..20]);
    assert_eq!(wire.answer().status, 408);
    assert!(wire.is_closed());
    assert!(gateway.connect().is_closed());
    gateway.stop();
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
    let web_socket = [&[(":method", "CONNECT"), (":protocol", "websocket")], &GET[1..]].concat();
    frames.request(3, &web_socket, 0);
    assert_eq!(frames.fate(3).unwrap().error(), PROTOCOL_ERROR);
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
    for path in ["/a b", "", "http://other.test/", "a"] {
        let mut frames = Frames::open(gateway.http());
        let fields = [GET[0], GET[1], (":path", path), GET[3]];
        frames.request(1, &fields, END_STREAM);
        let fate = frames.fate(1);
        let refused = fate.is_none_or(|fate| fate.kind != HEADERS || fate.status() == Some(400));
        assert!(refused, "{path:?}");
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

#[test]
fn a_hundred_requests_share_a_connection() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        held.wait();
        line.reply(&Reply::text(&call.target));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&Certs::new())
            .and("[defaults]\nmax_inflight_per_client = 200"),
    );
    let session = Session::open(Proto::H2Tls, &gateway);
    let started: Vec<_> = (0..100)
        .map(|number| session.start(&Ask::get(&format!("/{number}"))))
        .collect();
    gate.wait_for_waiters(100);
    gate.open();
    for (number, exchange) in started.into_iter().enumerate() {
        assert_eq!(exchange.answer().text(), format!("/{number}"));
    }
    assert_eq!(
        gateway.metrics().count("portcullis_connections", &[]),
        2,
        "one, and the scrape"
    );
    gateway.stop();
}

#[test]
fn rapid_resets_end_the_connection() {
    let (_origin, gateway) = echoing();
    let mut frames = Frames::open(gateway.http());
    // One write, so that the resets are there before any stream is taken up.
    let mut stream = 1;
    while stream < 20_000 && frames.request(stream, &GET, END_STREAM) {
        frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        stream += 2;
    }
    let frames = frames.rest();
    let goodbye = frames.iter().find(|frame| frame.kind == GOAWAY);
    assert!(
        goodbye.is_none_or(|frame| frame.error() == ENHANCE_YOUR_CALM),
        "{goodbye:?}"
    );
    assert_eq!(Ask::get("/").over(Proto::H2c, &gateway).status, 200);
    until("nothing is left of it", || {
        gateway.metrics().count("portcullis_in_flight_requests", &[]) == 1
    });
    gateway.stop();
}

#[test]
fn a_flood_of_continuations_ends_the_connection() {
    let (origin, gateway) = echoing();
    let mut frames = Frames::open(gateway.http());
    frames.send(HEADERS, END_STREAM, 1, &block(&GET));
    let more = block(&[("x-more", "y")]);
    let sent = (0..100_000)
        .take_while(|_| frames.send(CONTINUATION, 0, 1, &more))
        .count();
    assert!(sent < 100_000, "it listened to all");
    assert!(origin.calls().is_empty());
    let _ = END_HEADERS;
    gateway.stop();
}

#[test]
fn an_unused_connection_ends_although_it_pings() {
    let origin = Origin::echo();
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("timeouts = { request_head = \"400ms\", keep_alive_idle = \"400ms\" }"),
    );
    let mut unused = Frames::open(gateway.http());
    let mut used = Frames::open(gateway.http());
    used.request(1, &GET, END_STREAM);
    for frames in [&mut unused, &mut used] {
        while frames.send(PING, 0, 0, b"opaque..") {
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
        assert!(frames.rest().iter().any(|frame| frame.kind == GOAWAY));
    }
    gateway.stop();
}

#[test]
fn a_connection_with_a_request_under_way_is_not_idle() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        if call.target == "/held" {
            held.wait();
        }
        line.reply(&Reply::text("done"));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("timeouts = { request_head = \"100ms\", keep_alive_idle = \"100ms\" }"),
    );
    let session = Session::open(Proto::H2c, &gateway);
    let held = session.start(&Ask::get("/held"));
    origin.wait_for_calls(1);
    assert_eq!(session.ask(&Ask::get("/")).status, 200);
    // Longer than it may be idle, by a request that takes so long.
    std::thread::park_timeout(std::time::Duration::from_millis(400));
    assert_eq!(session.ask(&Ask::get("/")).status, 200);
    gate.open();
    assert_eq!(held.answer().text(), "done");
    gateway.stop();
}

#[test]
fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("finished"));
    });
    let gateway = Gateway::start(
        policy([origin.address()])
            .tls(&Certs::new())
            .gateway("drain = \"20s\""),
    );
    let idle = Session::open(Proto::H2Tls, &gateway);
    let sessions = [Proto::H2c, Proto::H2Tls].map(|proto| Session::open(proto, &gateway));
    let held = [0, 1].map(|at: usize| sessions[at].start(&Ask::get("/")));
    origin.wait_for_calls(2);
    gateway.terminate();
    gateway.wait_for_log("the stop", |line| {
        line["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("stopping"))
    });
    gate.open();
    for exchange in held {
        assert_eq!(exchange.answer().text(), "finished");
    }
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.output());
    drop(idle);
}
