//! Servers reached by TLS: verified, by the right name, with our own certificate where they want one; and what
//! happens where they are not what they should be.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use rustls::{ServerConnection, StreamOwned};

use crate::support::chat::{Chat, Peer};
use crate::support::front::{Hello, terms};
use crate::support::policy::PolicyText;
use crate::support::{
    Ask, Certs, Front, Gateway, Origin, Proto, Reply, Session, policy, reaching, run, until,
};

/// An upstream of one server under this name, which must come from `ca`.
fn under(name: &str, front: &Front, tls: &str) -> PolicyText {
    reaching([format!("https://{name}:{}", front.port())]).upstream(&format!("tls = {{ {tls} }}"))
}

/// Starts it and waits until the servers' names are looked up.
#[track_caller]
fn started(policy: PolicyText) -> Gateway {
    let gateway = Gateway::start(policy);
    until("the name is looked up", || {
        Ask::get("/").to(gateway.http()).status != 503
    });
    gateway
}

fn trusting(certs: &Certs) -> String {
    format!("ca = \"{}\"", certs.authority().display())
}

#[test]
fn a_server_is_verified_and_its_connection_kept() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("app", &["localhost", "127.0.0.1"]);
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let policy = under("localhost", &front, &trusting(&certs))
        .workers(1)
        .tls(&certs);
    let gateway = started(policy);
    for proto in Proto::ALL {
        let echo = Ask::post("/a?b", "body").over(proto, &gateway).json();
        assert_eq!((&echo["target"], &echo["body"]), (&"/a?b".into(), &"body".into()));
        assert_eq!(origin.calls().pop().unwrap().header("host"), Some("gateway.test"));
    }
    let connections: Vec<usize> = origin.calls().iter().map(|call| call.connection).collect();
    assert_eq!(connections, [0; 5]);
    let hello = Hello {
        name: Some("localhost".to_owned()),
        protocol: Some("http/1.1".to_owned()),
        client: None,
    };
    assert_eq!(front.hellos()[0], hello);
    gateway.stop();
}

#[test]
fn an_address_is_verified_as_an_address() {
    let (origin, certs) = (Origin::answering(Reply::text("here")), Certs::new());
    certs.issue("app", &["127.0.0.1"]);
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let gateway = started(under("127.0.0.1", &front, &trusting(&certs)));
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "here");
    assert_eq!(
        front.hellos()[0].name,
        None,
        "an address is never asked for by name"
    );
    gateway.stop();
}

/// No request leaves, and the log says what to do.
#[track_caller]
fn untrusted(gateway: &Gateway, origin: &Origin, remedy: &str) {
    let refused = Ask::post("/", "secret").to(gateway.http());
    refused.assert_refused(502, "upstream_untrusted");
    assert!(!refused.text().contains("certificate "), "{}", refused.text());
    gateway.wait_for_log("the reason", |line| {
        line["refusal"] == "upstream_untrusted"
            && line["error"].as_str().is_some_and(|error| error.contains(remedy))
    });
    assert!(origin.calls().is_empty());
}

#[test]
fn a_stranger_gets_no_request() {
    let (origin, certs, other) = (Origin::echo(), Certs::new(), Certs::new());
    certs.issue("app", &["localhost"]);
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    other.write("other.pem", stranger.cert.pem());
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let ca = format!("ca = \"{}\"", other.path("other.pem").display());
    let gateway = started(under("localhost", &front, &ca));
    untrusted(&gateway, &origin, "tls.ca");
    let ready = Ask::get("/health/ready").to(gateway.http());
    assert_eq!(ready.status, 503, "{}", ready.text());
    // The same file, renewed: a reload reads it again, though the policy is as it was.
    other.write("other.pem", std::fs::read(certs.authority()).unwrap());
    assert!(gateway.reload());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn a_certificate_for_another_name_is_none_until_the_policy_names_it() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("app", &["app.internal"]);
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let gateway = started(under("localhost", &front, &trusting(&certs)));
    untrusted(&gateway, &origin, "tls.server_name");
    gateway.rewrite(under(
        "localhost",
        &front,
        &format!("{}, server_name = \"app.internal\"", trusting(&certs)),
    ));
    assert!(gateway.reload());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    assert_eq!(front.hellos()[0].name.as_deref(), Some("app.internal"));
    gateway.stop();
}

#[test]
fn a_certificate_whose_time_is_over_is_none() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    certs.issue_until("app", &["localhost"], Some(yesterday));
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let gateway = started(under("localhost", &front, &trusting(&certs)));
    untrusted(&gateway, &origin, "renew");
    gateway.stop();
}

#[test]
fn a_server_that_wants_a_certificate_is_shown_ours() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs
        .issue("app", &["localhost"])
        .issue("us", &["gateway.internal"]);
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", true);
    let gateway = started(under("localhost", &front, &trusting(&certs)));
    // It says so only after the handshake, in the place of an answer.
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_tls");
    let (cert, key) = (certs.path("us.pem"), certs.path("us.key"));
    let own = format!(
        "{}, cert = \"{}\", key = \"{}\"",
        trusting(&certs),
        cert.display(),
        key.display()
    );
    gateway.rewrite(under("localhost", &front, &own));
    assert!(gateway.reload());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    assert_eq!(front.hellos()[0].client.as_deref(), Some("us"));
    gateway.stop();
}

#[test]
fn a_server_in_plain_is_not_spoken_to() {
    let certs = Certs::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let plain = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _gone = stream.read(&mut [0; 2000]);
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let policy =
        reaching([format!("https://{plain}")]).upstream(&format!("tls = {{ {} }}", trusting(&certs)));
    let gateway = Gateway::start(policy);
    Ask::get("/")
        .to(gateway.http())
        .assert_refused(502, "upstream_tls");
    gateway.wait_for_log("the remedy", |line| {
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("plain HTTP"))
    });
    gateway.stop();
}

#[test]
fn an_answer_that_ends_without_a_farewell_is_not_complete() {
    let certs = Certs::new();
    certs.issue("app", &["127.0.0.1"]);
    let terms = Arc::new(terms(&certs, "app", "http/1.1", false));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&terms)).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            let asked = stream.read(&mut [0; 2000]).unwrap_or_default();
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end");
            if asked > 0 && stream.conn.wants_write() {
                let _gone = stream.flush();
            }
            // Cut: anybody on the way could do that, so there is no close_notify (RFC 9112 §9.8).
        }
    });
    let policy = reaching([format!("https://{address}")])
        .upstream(&format!("tls = {{ {} }}", trusting(&certs)))
        .tls(&certs);
    let gateway = Gateway::start(policy);
    for proto in Proto::ALL {
        let mut exchange = Session::open(proto, &gateway).start(&Ask::get("/"));
        if exchange.try_head().is_some() {
            assert!(!exchange.rest_of_body().complete, "{proto:?}");
        }
    }
    gateway.wait_for_log("the line", |line| line["end"] == "upstream_cut");
    gateway.stop();
}

#[test]
fn a_websocket_goes_through() {
    let (origin, certs) = (Chat::echo(), Certs::new());
    certs.issue("app", &["localhost"]);
    let front = Front::before(origin.address(), &certs, "app", "http/1.1", false);
    let gateway = started(under("localhost", &front, &trusting(&certs)));
    Peer::open(gateway.http(), "/chat").chat(&"x".repeat(70_000));
    gateway.stop();
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let certs = Certs::new();
    certs.issue("us", &["a.test"]).issue("them", &["b.test"]);
    let path = |file: &str| certs.path(file).display().to_string();
    let check = |policy: PolicyText, words: &[&str]| run(&["check"], &policy.text(), &[]).assert(2, words);
    let https = || reaching(["https://localhost"]);
    let tls = |lines: String| https().upstream(&format!("tls = {{ {lines} }}"));
    check(
        reaching(["https://a", "http://b"]),
        &["some servers are reached by TLS", "two upstreams"],
    );
    check(
        policy(["a"]).upstream("tls = { server_name = \"a\" }"),
        &["no server of this upstream is reached by TLS"],
    );
    check(
        tls("ca = \"/nowhere.pem\"".to_owned()),
        &["/nowhere.pem", "cannot be read"],
    );
    check(
        tls(format!("ca = \"{}\"", path("us.key"))),
        &["private key", "swapped"],
    );
    check(
        tls(format!("cert = \"{}\"", path("us.pem"))),
        &["without its key"],
    );
    check(
        tls(format!("key = \"{}\"", path("us.key"))),
        &["without its certificate"],
    );
    check(
        tls(format!(
            "cert = \"{}\", key = \"{}\"",
            path("us.pem"),
            path("them.key")
        )),
        &["does not belong"],
    );
    check(
        tls("server_name = \"https://a\"".to_owned()),
        &["no name a certificate can be for"],
    );
    check(https().upstream("ping = \"30s\""), &["no PING in HTTP/1.1"]);
    check(
        https().upstream("http2 = true\nping = \"10ms\""),
        &["ordinary pause"],
    );
    check(
        https().upstream("health = { grpc = \"\" }"),
        &["gRPC is spoken over HTTP/2 only"],
    );
}
