//! Debian's curl logs in by NTLM, through the gateway as it does without.

use std::net::SocketAddr;
use std::process::Command;

use super::ntlm;
use crate::support::{Certs, Gateway, policy};

/// What curl prints of an answer: its body, its status and the version it came in.
fn curl(arguments: &[&str]) -> String {
    let fixed = [
        "--silent",
        "--show-error",
        "--insecure",
        "--noproxy",
        "*",
        "--max-time",
        "20",
    ];
    let output = Command::new("curl")
        .args(fixed)
        .args(["--write-out", " %{http_code} %{http_version}"])
        .args(arguments)
        .output()
        .expect("curl is missing: ./tests/run --full installs it");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}/")
}

#[test]
fn a_login_is_as_good_as_without_the_gateway_and_nobody_elses() {
    let origin = ntlm();
    let gateway = Gateway::start(policy([origin.address()]).workers(1));
    let (direct, through) = (url("http", origin.address()), url("http", gateway.http()));
    for (name, target) in [("direct", &direct), ("through", &through)] {
        for body in [&[][..], &["--data", "a=b"]] {
            let login = [&["--ntlm", "--user", "user:pw"], body, &[target.as_str()]].concat();
            assert_eq!(curl(&login), "user 200 1.1", "{name}");
            assert_eq!(curl(&[target]), "nobody 401 1.1", "{name}");
        }
    }
    let two = [
        "--ntlm", "--user", "user:pw", &through, "--next", "--silent", &through,
    ];
    assert!(curl(&two).starts_with("user 200 1.1"));
    gateway.stop();
}

#[test]
fn over_http_2_it_comes_again_by_http_1_1() {
    let origin = ntlm();
    let gateway = Gateway::start(policy([origin.address()]).workers(1).tls(&Certs::new()));
    let resolve = format!("gateway.test:{}:127.0.0.1", gateway.address("https").port());
    let target = format!("https://gateway.test:{}/", gateway.address("https").port());
    let login = [
        "--http2",
        "--resolve",
        &resolve,
        "--ntlm",
        "--user",
        "user:pw",
        &target,
    ];
    assert_eq!(curl(&login), "user 200 1.1");
    let any = [
        "--http2",
        "--resolve",
        &resolve,
        "--anyauth",
        "--user",
        "user:pw",
        &target,
    ];
    assert_eq!(curl(&any), "user 200 1.1");
    assert_eq!(
        curl(&["--http2", "--resolve", &resolve, &target]),
        "nobody 401 1.1"
    );
    gateway.stop();
}
