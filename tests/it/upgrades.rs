//! Other protocols than HTTP: which may take over a connection, and after whose consent.

use crate::support::policy::PolicyText;
use crate::support::{Ask, Gateway, Origin, policy, run, until};

/// Consents to whatever protocol is asked for, after the request's body, and sends back what it hears.
fn consenting() -> Origin {
    Origin::playing(|call, line| {
        let body = line.body();
        let Some(protocol) = call.header("upgrade") else {
            line.reply(&call.echo(&body));
            return;
        };
        line.send(format!(
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
        ));
        line.switch();
        while let Some(piece) = line.piece() {
            if !line.send(&piece) {
                return;
            }
        }
    })
}

fn listing(origin: &Origin, protocols: &str) -> PolicyText {
    policy([origin.address()])
        .route(
            "attach",
            "path = \"/attach/*\"",
            &format!("upgrades = [{protocols}]"),
        )
        .route("rest", "path = \"/*\"", "")
}

fn asking(protocol: &str) -> Ask {
    Ask::get("/attach/1")
        .header("Connection", "Upgrade")
        .header("Upgrade", protocol)
}

#[test]
fn listed_protocols_take_over_the_connection() {
    let origin = consenting();
    let gateway = Gateway::start(listing(&origin, "\"websocket\", \"tcp\", \"SPDY/3.1\""));
    for (protocol, ask) in [
        ("tcp", asking("tcp")),
        ("TCP", asking("TCP")),
        ("SPDY/3.1", asking("SPDY/3.1")),
        (
            "tcp",
            Ask::post("/attach/1", "{\"Tty\":true}")
                .header("Connection", "Upgrade")
                .header("Upgrade", "tcp"),
        ),
    ] {
        let mut wire = ask.start(gateway.http());
        let answer = wire.head();
        assert_eq!(answer.status, 101, "{protocol}");
        assert_eq!(answer.header("upgrade"), Some(protocol));
        assert_eq!(answer.header("connection"), Some("upgrade"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/vnd.docker.raw-stream")
        );
        let open = || {
            gateway
                .metrics()
                .count("portcullis_streams_open", &[("kind", "upgrade")])
        };
        assert_eq!(open(), 1);
        for piece in ["one", "two", "\x08\x02"] {
            wire.send(piece);
            assert_eq!(wire.exactly(piece.len()).unwrap(), piece.as_bytes());
        }
        drop(wire);
        until("the stream is closed", || open() == 0);
    }
    let line = gateway.wait_for_log("the tunnel's line", |line| line["status"] == 101);
    assert_eq!(
        (&line["route"], &line["bytes_in"], &line["bytes_out"]),
        (&"attach".into(), &8.into(), &8.into())
    );
    gateway.stop();
}

#[test]
fn what_is_not_listed_is_an_ordinary_request() {
    let origin = consenting();
    let gateway = Gateway::start(listing(&origin, "\"tcp\""));
    for protocol in ["h2c", "SPDY/3.1", "websocket", "tcp, h2c", "tcp/1/2", "tcp x"] {
        let answer = asking(protocol).to(gateway.http());
        assert_eq!(answer.status, 200, "{protocol}");
        assert!(
            !answer.text().to_lowercase().contains("upgrade"),
            "{protocol}: {}",
            answer.text()
        );
    }
    let elsewhere = Ask::get("/")
        .header("Connection", "Upgrade")
        .header("Upgrade", "tcp");
    assert_eq!(elsewhere.to(gateway.http()).status, 200, "another route");
    let old = asking("tcp").bytes();
    let mut wire = gateway.connect();
    wire.send(
        String::from_utf8(old)
            .unwrap()
            .replacen("HTTP/1.1", "HTTP/1.0", 1),
    );
    assert_eq!(wire.head().status, 200, "HTTP/1.0 has no upgrade");
    gateway.stop();
}

#[test]
fn only_the_server_s_consent_to_that_protocol_opens_a_tunnel() {
    for consent in [
        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\n",
        "Upgrade: tcp\r\n",
        "Connection: Upgrade\r\nUpgrade: tcp\r\nUpgrade: h2c\r\n",
    ] {
        let origin = Origin::playing(move |_, line| {
            line.send(format!("HTTP/1.1 101 Switching Protocols\r\n{consent}\r\n"));
        });
        let gateway = Gateway::start(listing(&origin, "\"tcp\""));
        asking("tcp")
            .to(gateway.http())
            .assert_refused(502, "upstream_invalid");
        gateway.stop();
    }
    let refusing = Origin::playing(|_, line| {
        line.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    });
    let gateway = Gateway::start(listing(&refusing, "\"tcp\""));
    let answer = asking("tcp").to(gateway.http());
    assert_eq!((answer.status, answer.text()), (403, "no".to_owned()));
    gateway.stop();
}

#[test]
fn they_count_as_streams_and_end_when_nothing_passes() {
    let origin = consenting();
    let text = listing(&origin, "\"tcp\"").and("[defaults.stream]\nmax_open_per_client = 1\nidle = \"1s\"");
    let gateway = Gateway::start(text);
    let mut wire = asking("tcp").start(gateway.http());
    assert_eq!(wire.head().status, 101);
    asking("tcp")
        .to(gateway.http())
        .assert_refused(429, "too_many_streams");
    assert_eq!(
        wire.rest(),
        b"",
        "nothing of ours is said in a protocol that we do not speak"
    );
    let line = gateway.wait_for_log("the tunnel's line", |line| line["status"] == 101);
    assert_eq!(line["end"], "stream_idle");
    gateway.stop();
}

#[test]
fn a_protocol_that_carries_http_cannot_be_listed() {
    for protocol in ["h2c", "H2C", "h2", "HTTP/2.0", "http", "TLS/1.0", "tcp, udp", ""] {
        let text = policy(["127.0.0.1:9"]).and(&format!("[defaults]\nupgrades = [\"{protocol}\"]"));
        run(&["check"], &text.text(), &[]).assert(2, &["portcullis.toml:", "upgrades"]);
    }
    let text = policy(["127.0.0.1:9"]).and("[defaults]\nupgrades = []");
    run(&["check"], &text.text(), &[]).assert(0, &[]);
}
