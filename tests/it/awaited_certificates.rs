//! Certificates that are not there yet, as before certbot's first run: their listener waits, and all others serve.

use crate::support::policy::PolicyText;
use crate::support::{Ask, Certs, Gateway, Origin, TlsClient, Wire, policy, run, until};

/// A plain listener that sends all to https, and one whose certificate is not there.
fn text(origin: &Origin, certs: &Certs) -> PolicyText {
    policy([origin.address()])
        .listener("redirect_to_https = 443")
        .and(&certs.listener(&["site"]))
}

fn issue(certs: &Certs) {
    // The key first, and then the certificate, as it may be seen half done.
    certs.issue("gateway", &["gateway.test"]);
    for end in ["key", "pem"] {
        std::fs::rename(
            certs.path(&format!("gateway.{end}")),
            certs.path(&format!("site.{end}")),
        )
        .unwrap();
    }
}

fn challenge(gateway: &Gateway) -> u16 {
    Ask::get("/.well-known/acme-challenge/token")
        .to(gateway.http())
        .status
}

fn shown(gateway: &Gateway) {
    let shown = TlsClient::new(&rustls::version::TLS13).look(gateway.address("https"), "gateway.test");
    assert_eq!(shown.name, "gateway");
}

#[test]
fn the_plain_listener_serves_until_the_certificate_is_there() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(text(&origin, &certs));
    assert_eq!(challenge(&gateway), 200);
    assert_eq!(Ask::get("/page").to(gateway.http()).status, 308);
    gateway.wait_for_log("the error", |line| {
        line["level"] == "ERROR" && line["listener"] == "https"
    });
    issue(&certs);
    // By itself, within ten seconds.
    shown(&gateway);
    let output = gateway.stop().output();
    assert!(output.contains(" https=waiting "), "{output}");
}

#[test]
fn a_reload_looks_at_once_and_a_new_listener_does_not_wait() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(text(&origin, &certs));
    assert!(gateway.reload(), "one that waits may go on waiting");
    assert_eq!(challenge(&gateway), 200);
    issue(&certs);
    assert!(gateway.reload());
    shown(&gateway);
    gateway.rewrite(text(&origin, &certs).and(&format!(
        "[listeners.second]\naddress = \"127.0.0.1:0\"\n{}",
        certs.tables("second", &["nowhere"])
    )));
    assert!(!gateway.reload(), "after the start a missing file is a fault");
    std::fs::remove_file(certs.path("site.pem")).unwrap();
    gateway.rewrite(text(&origin, &certs));
    assert!(
        !gateway.reload(),
        "a listener that is open does not begin to wait"
    );
    shown(&gateway);
    gateway.stop();
}

#[test]
fn a_file_that_comes_and_is_wrong_is_waited_out() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("gateway", &["gateway.test"]);
    let gateway = Gateway::start(text(&origin, &certs).text().replace("site.pem", "gateway.pem"));
    certs.write("site.key", "no key");
    gateway.wait_for_log("the error", |line| line["listener"] == "https");
    assert_eq!(challenge(&gateway), 200);
    assert!(!gateway.reload());
    std::fs::copy(certs.path("gateway.key"), certs.path("site.key")).unwrap();
    assert!(gateway.reload());
    shown(&gateway);
    gateway.stop();
}

#[test]
fn what_is_there_and_wrong_is_a_fault_at_start_too() {
    let certs = Certs::new();
    let check = |certs: &Certs| {
        let policy = policy(["127.0.0.1:9"]).and(&certs.listener(&["site"]));
        run(&["check"], &policy.text(), &[])
    };
    check(&certs).assert(
        0,
        &[
            "site.pem` does not exist, so the listener `https` stays closed until it does",
            "site.key` does not exist",
        ],
    );
    certs.write("site.key", "no key");
    check(&certs).assert(2, &["site.pem` does not exist", "site.key` holds no private key"]);
    std::fs::remove_file(certs.path("site.key")).unwrap();
    std::fs::create_dir(certs.path("site.key")).unwrap();
    check(&certs).assert(2, &["site.key` cannot be read"]);
    let serve = policy(["127.0.0.1:9"]).and(&certs.listener(&["site"]));
    run(&["serve"], &serve.text(), &[]).assert(2, &["site.key` cannot be read"]);
}

#[test]
fn what_waits_is_not_open_without_tls() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let text = text(&origin, &certs).text();
    let (before, after) = text.rsplit_once("address = \"127.0.0.1:0\"").unwrap();
    let gateway = Gateway::start(format!("{before}address = \"{port}\"{after}"));
    assert!(Wire::try_connect(port).is_err());
    issue(&certs);
    assert!(gateway.reload());
    until("it is open", || Wire::try_connect(port).is_ok());
    gateway.stop();
}
