//! The host asked for against the name that hands were shaken for.

use crate::support::{Ask, Certs, Gateway, Origin, Proto, Session, policy};

const TLS: [Proto; 2] = [Proto::Http1Tls, Proto::H2Tls];

#[test]
fn a_connection_for_one_host_does_not_serve_another() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("other", &["other.test"]);
    let text = policy([origin.address()])
        .tls(&certs)
        .and(&certs.tables("https", &["other"]));
    let gateway = Gateway::start(text);
    for proto in TLS {
        let session = Session::open(proto, &gateway);
        for host in ["other.test", "stranger.test", "127.0.0.1", "gateway.test.evil"] {
            session
                .ask(&Ask::get("/").host(host))
                .assert_refused(421, "misdirected");
        }
        for host in [
            "gateway.test",
            "Gateway.Test.",
            "gateway.test:443",
            "gateway.test:8443",
        ] {
            assert_eq!(session.ask(&Ask::get("/").host(host)).status, 200, "{host}");
        }
    }
    for call in origin.calls() {
        assert!(
            call.header("host")
                .unwrap()
                .to_lowercase()
                .starts_with("gateway.test")
        );
    }
    assert_eq!(
        Ask::get("/").host("other.test").to(gateway.http()).status,
        200,
        "in the clear"
    );
    gateway.stop();
}

#[test]
fn hosts_of_one_certificate_may_share_a_connection() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("both", &["gateway.test", "*.site.test"]);
    let gateway = Gateway::start(policy([origin.address()]).and(&certs.listener(&["both"])));
    for proto in TLS {
        let session = Session::open(proto, &gateway);
        assert_eq!(session.ask(&Ask::get("/").host("www.site.test")).status, 200);
        for host in ["site.test", "a.b.site.test"] {
            session
                .ask(&Ask::get("/").host(host))
                .assert_refused(421, "misdirected");
        }
    }
    gateway.stop();
}

#[test]
fn every_form_of_name_in_a_certificate_is_a_host() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let names = [
        "gateway.test",
        "127.0.0.1",
        "::1",
        "2001:db8::7",
        "*.site.test",
        "xn--bcher-kva.test",
        "*.xn--bcher-kva.test",
    ];
    certs.issue("all", &names);
    let gateway = Gateway::start(policy([origin.address()]).and(&certs.listener(&["all"])));
    for proto in TLS {
        let session = Session::open(proto, &gateway);
        for host in [
            "127.0.0.1",
            "[::1]",
            "[0:0::1]",
            "[2001:DB8::7]",
            "www.site.test",
            "xn--bcher-kva.test",
            "XN--Bcher-KVA.test",
            "shop.xn--bcher-kva.test",
        ] {
            for host in [host.to_owned(), format!("{host}:443"), format!("{host}:8443")] {
                assert_eq!(
                    session.ask(&Ask::get("/").host(&host)).status,
                    200,
                    "{proto:?} {host}"
                );
            }
        }
        for host in [
            "127.0.0.2",
            "[::2]",
            "1.127.0.0.1",
            "xn--bcher-kvb.test",
            "a.b.site.test",
        ] {
            for host in [host.to_owned(), format!("{host}:443")] {
                let ask = Ask::get("/").host(&host);
                session.ask(&ask).assert_refused(421, "misdirected");
            }
        }
    }
    gateway.stop();
}

#[test]
fn a_proxy_of_ours_shakes_hands_for_our_name_and_asks_for_its_clients() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let text = policy([origin.address()])
        .tls(&certs)
        .and("[client]\ntrusted_proxies = [\"loopback\"]");
    let gateway = Gateway::start(text);
    for proto in TLS {
        assert_eq!(
            Ask::get("/").host("public.test").over(proto, &gateway).status,
            200
        );
    }
    gateway.stop();
}
