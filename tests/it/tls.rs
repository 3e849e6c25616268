//! TLS listeners: which certificate is shown, what a reload does to it, and who is not served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};

use crate::support::{Ask, Certs, Gateway, Origin, Proto, Session, TlsClient, Wire, policy, until};

fn with(origin: &Origin, certs: &Certs, names: &[&str]) -> Gateway {
    Gateway::start(policy([origin.address()]).and(&certs.listener(names)))
}

fn https(gateway: &Gateway) -> SocketAddr {
    gateway.address("https")
}

fn handshakes(gateway: &Gateway, result: &str) -> i64 {
    gateway
        .metrics()
        .count("portcullis_tls_handshakes_total", &[("result", result)])
}

#[test]
fn the_certificate_is_chosen_by_the_name_asked_for() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs
        .issue("first", &["first.test", "other.test"])
        .issue("wild", &["*.site.test"])
        .issue("exact", &["www.site.test"]);
    let gateway = with(&origin, &certs, &["first", "wild", "exact"]);
    let shown = |name| TlsClient::new(&TLS13).look(https(&gateway), name).name;
    assert_eq!(shown("first.test"), "first");
    assert_eq!(shown("other.test"), "first");
    assert_eq!(shown("shop.site.test"), "wild");
    assert_eq!(shown("www.site.test"), "exact");
    assert_eq!(
        TlsClient::new(&TLS12)
            .look(https(&gateway), "shop.site.test")
            .name,
        "wild"
    );
    // Nobody has a certificate for it: the first is shown, and the client refuses it.
    let failure = TlsClient::new(&TLS13).fails(https(&gateway), "stranger.test");
    assert!(failure.to_string().contains("first.test"), "{failure}");
    until("the rejection is counted", || {
        handshakes(&gateway, "rejected") == 1
    });
    assert_eq!(handshakes(&gateway, "ok"), 5);
    gateway.stop();
}

#[test]
fn who_comes_to_an_address_is_shown_the_certificate_for_it() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs
        .issue("named", &["named.test"])
        .issue("address", &["127.0.0.1", "::1"]);
    let gateway = with(&origin, &certs, &["named", "address"]);
    for version in [&TLS12, &TLS13] {
        let shown = |name| TlsClient::new(version).look(https(&gateway), name).name;
        assert_eq!(shown("127.0.0.1"), "address", "no name is sent for an address");
        assert_eq!(shown("named.test"), "named");
    }
    gateway.stop();
}

#[test]
fn a_reload_shows_the_renewed_certificate_and_connections_live_on() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    let sessions = [Proto::Http1Tls, Proto::H2Tls].map(|proto| Session::open(proto, &gateway));
    let look = || {
        TlsClient::new(&TLS13)
            .look(https(&gateway), "gateway.test")
            .serial
    };
    let before = look();
    assert_eq!(look(), before);
    certs.issue("gateway", &["gateway.test"]);
    assert_eq!(look(), before, "nothing is read without a reload");
    assert!(gateway.reload());
    assert_ne!(look(), before);
    for session in &sessions {
        assert_eq!(session.ask(&Ask::get("/")).status, 200);
    }
    gateway.stop();
}

#[test]
fn a_reload_with_a_faulty_certificate_keeps_the_old_one() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    let look = || {
        TlsClient::new(&TLS13)
            .look(https(&gateway), "gateway.test")
            .serial
    };
    let before = look();
    let key = std::fs::read(certs.path("gateway.key")).unwrap();
    certs.issue("gateway", &["gateway.test"]);
    certs.write("gateway.key", &key);
    assert!(!gateway.reload());
    gateway.wait_for_log("the reason", |line| {
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("does not belong to the certificate"))
    });
    assert_eq!(look(), before);
    certs.write("gateway.key", "");
    assert!(!gateway.reload());
    assert_eq!(look(), before);
    certs.issue("gateway", &["gateway.test"]);
    assert!(gateway.reload());
    assert_ne!(look(), before);
    gateway.stop();
}

#[test]
fn a_session_is_resumed_also_after_a_reload() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::new(version);
        let first = client.look(https(&gateway), "gateway.test");
        assert_eq!((first.resumed, first.version), (false, version.version));
        assert!(client.look(https(&gateway), "gateway.test").resumed);
        assert!(gateway.reload());
        assert!(
            client.look(https(&gateway), "gateway.test").resumed,
            "{version:?}"
        );
        assert!(
            !TlsClient::new(version)
                .look(https(&gateway), "gateway.test")
                .resumed
        );
    }
    gateway.stop();
}

#[test]
fn a_handshake_has_a_deadline_and_holds_up_nobody() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("gateway", &["gateway.test"]);
    let gateway = Gateway::start(policy([origin.address()]).workers(1).and(&format!(
        "[listeners.https]\naddress = \"127.0.0.1:0\"\ntimeouts = {{ tls_handshake = \"300ms\" }}\n{}",
        certs.tables("https", &["gateway"])
    )));
    let start = Instant::now();
    let mut silent: Vec<Wire> = (0..20).map(|_| Wire::connect(https(&gateway))).collect();
    for (number, wire) in silent.iter_mut().enumerate() {
        if number % 2 == 0 {
            wire.send(b"\x16\x03\x01\x02\x00\x01\x00");
        }
    }
    assert_eq!(Ask::get("/").over(Proto::H2Tls, &gateway).status, 200);
    for wire in &mut silent {
        assert!(wire.is_closed());
    }
    assert!(start + Duration::from_millis(250) < Instant::now());
    assert_eq!(handshakes(&gateway, "timeout"), 20);
    gateway.stop();
}

#[test]
fn plain_http_on_a_tls_port_is_told_so() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    for ask in [Ask::get("/"), Ask::post("/", "x".repeat(100_000))] {
        let mut wire = Wire::connect(https(&gateway));
        wire.try_send(ask.bytes());
        let answer = wire.answer();
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &"tls_required".into())
        );
        assert!(wire.is_closed());
    }
    assert_eq!(handshakes(&gateway, "not_tls"), 2);
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn what_is_no_tls_and_what_hangs_up_is_counted_and_not_logged() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    let mut broken = Wire::connect(https(&gateway));
    broken.send([&[0x16, 3, 1, 0, 5][..], b"hello"].concat());
    broken.rest();
    let mut gone = Wire::connect(https(&gateway));
    gone.finish_sending();
    gone.rest();
    until("both are counted", || {
        handshakes(&gateway, "invalid") == 1 && handshakes(&gateway, "closed") == 1
    });
    let log = gateway.log();
    assert!(!log.iter().any(|line| line.contains("handshake")), "{log:#?}");
    gateway.stop();
}

#[test]
fn a_client_that_cannot_agree_on_a_protocol_is_refused() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(policy([origin.address()]).tls(&certs));
    let refused = TlsClient::speaking(&[b"h3"]).fails(https(&gateway), "gateway.test");
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
    // Without a wish it is HTTP/1.1, as clients older than the extension expect.
    TlsClient::speaking(&[]).look(https(&gateway), "gateway.test");
    until("it is counted", || handshakes(&gateway, "incompatible") == 1);
    gateway.stop();
}
