//! What `check` and start say of certificate files: each fault and each doubt with its place and a remedy.

use std::time::{Duration, SystemTime};

use crate::support::exit::Exit;
use crate::support::{Certs, policy, run};

const DAY: Duration = Duration::from_hours(24);

fn check(tables: &str) -> Exit {
    run(
        &["check", "portcullis.toml"],
        &policy(["127.0.0.1:9"]).and(tables).text(),
        &[],
    )
}

/// What is said of one certificate whose files are `site.pem` and `site.key`.
fn check_site(certs: &Certs) -> Exit {
    check(&certs.listener(&["site"]))
}

#[test]
fn good_files_are_taken_without_a_word() {
    let certs = Certs::new();
    certs
        .issue("site", &["site.test"])
        .issue("other", &["other.test"]);
    let exit = check(&certs.listener(&["site", "other"]));
    exit.assert(0, &["2 listeners"]);
    assert!(!exit.output().contains("warning"), "{}", exit.output());
}

#[test]
fn files_that_cannot_be_used_are_faults_of_their_keys() {
    let certs = Certs::new();
    certs
        .issue("other", &["other.test"])
        .issue("site", &["site.test"]);
    let (cert, key) = (
        std::fs::read_to_string(certs.path("site.pem")).unwrap(),
        std::fs::read_to_string(certs.path("site.key")).unwrap(),
    );
    let with = |pem: &str, own: &str| {
        certs.write("site.pem", pem);
        certs.write("site.key", own);
        check_site(&certs)
    };
    with(&key, &cert).assert(
        2,
        &[
            "site.pem` holds a private key, but no certificate",
            "the paths of `cert` and `key` may be swapped",
            "site.key` holds no private key in PEM",
            "2 faults",
        ],
    );
    with("", &key).assert(2, &["holds no certificate in PEM", "1 fault"]);
    with("0\u{1}", &key).assert(2, &["looks like DER", "openssl x509 -inform der"]);
    with(&cert[..cert.len() / 4], &key).assert(2, &["is broken PEM"]);
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    with(&cert, &encrypted).assert(
        2,
        &["holds an encrypted private key", "`openssl pkey` decrypts it"],
    );
    let other = std::fs::read_to_string(certs.path("other.key")).unwrap();
    with(&cert, &other).assert(2, &["does not belong to the certificate in", "key = "]);
    with(&cert, &"x".repeat(2 << 20)).assert(2, &["is larger than 1 MiB"]);
    std::fs::write(certs.path("site.key"), &key).unwrap();
    std::fs::remove_file(certs.path("site.pem")).unwrap();
    let exit = check_site(&certs);
    exit.assert(
        0,
        &[
            "site.pem` does not exist, so the listener `https` stays closed",
            "where the gateway was started",
            "cert = ",
        ],
    );
    assert!(!exit.output().contains("BEGIN"), "no file's content is shown");
}

#[test]
fn a_certificate_near_or_past_its_end_is_a_warning_with_the_date() {
    let certs = Certs::new();
    let now = SystemTime::now();
    let on = |at: SystemTime| humantime::format_rfc3339_seconds(at).to_string()[..10].to_owned();
    for (until, words) in [
        (now - DAY, format!("expired on {}", on(now - DAY))),
        (now + 13 * DAY, format!("expires on {}", on(now + 13 * DAY))),
    ] {
        certs.issue_until("site", &["site.test"], Some(until));
        check_site(&certs).assert(0, &["warning: the certificate", &words, "renew it"]);
    }
    certs.issue_until("site", &["site.test"], Some(now + 15 * DAY));
    assert!(!check_site(&certs).output().contains("warning"));
}

#[test]
fn doubtful_certificates_are_warnings() {
    let certs = Certs::new();
    certs
        .issue("site", &["a.test", "b.test"])
        .issue("other", &["c.test", "b.test"])
        .issue("nameless", &[]);
    check(&certs.listener(&["site", "other"])).assert(
        0,
        &[
            "`b.test` is covered by certificate 1 already",
            "leave one of the two out",
        ],
    );
    check(&certs.listener(&["nameless"])).assert(0, &["is for no name and no address"]);
    let read = |name: &str| std::fs::read_to_string(certs.path(name)).unwrap();
    certs.write(
        "site.pem",
        read("site.pem")
            .split_once("-----END CERTIFICATE-----\n")
            .unwrap()
            .0
            .to_owned()
            + "-----END CERTIFICATE-----\n"
            + &read("other.pem"),
    );
    check_site(&certs).assert(0, &["is out of order", "the server's certificate comes first"]);
}

#[test]
fn a_redirect_without_https_is_doubted_and_one_from_https_refused() {
    let plain = "[listeners.second]\naddress = \"127.0.0.1:0\"\nredirect_to_https = 443\n";
    check(plain).assert(0, &["warning: no listener has certificates"]);
    let behind = "[client]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    let exit = check(&format!("{behind}{plain}"));
    assert!(!exit.output().contains("no listener has certificates"));
    let certs = Certs::new();
    certs.issue("site", &["site.test"]);
    check(&format!("{plain}{}", certs.tables("second", &["site"]))).assert(
        2,
        &["the listener `second` has certificates", "leave it out here"],
    );
    let meets = |plain: &str, secure: &str, port: u16| {
        check(&format!(
            "[listeners.second]\naddress = \"{plain}\"\nredirect_to_https = {port}\n\
             [listeners.third]\naddress = \"{secure}\"\n{}",
            certs.tables("third", &["site"])
        ))
    };
    for (plain, secure, port, said) in [
        (
            "0.0.0.0:8080",
            "127.0.0.1:8443",
            443,
            "on a loopback address only",
        ),
        ("0.0.0.0:80", "0.0.0.0:8443", 443, "https is served on port 8443"),
        ("0.0.0.0:8080", "0.0.0.0:8443", 8080, "this listener's own"),
    ] {
        let exit = meets(plain, secure, port);
        exit.assert(0, &["warning", said]);
    }
    for (plain, secure, port) in [
        ("0.0.0.0:80", "0.0.0.0:443", 443),
        ("0.0.0.0:8080", "0.0.0.0:8443", 443),
        ("127.0.0.1:8080", "127.0.0.1:8443", 8443),
    ] {
        let exit = meets(plain, secure, port);
        exit.assert(0, &[]);
        assert!(!exit.output().contains("warning"), "{exit:?}");
    }
}
