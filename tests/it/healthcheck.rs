//! `portcullis healthcheck`: the exit code says how the running gateway is.

use std::net::TcpListener;
use std::thread;

use crate::support::exit::Exit;
use crate::support::{Ask, Gateway, Origin, Reply, policy, run, until};

/// The command, in a folder with a policy that names this admin address.
fn check(arguments: &[&str], admin: &str) -> Exit {
    let text = policy(["127.0.0.1:9"])
        .and(&format!("[admin]\naddress = \"{admin}\""))
        .text();
    run(&[&["healthcheck"], arguments].concat(), &text, &[])
}

#[test]
fn a_running_gateway_is_healthy_and_a_stopped_one_is_not() {
    let origin = Origin::echo();
    let admin = "[admin]\naddress = \"127.0.0.1:0\"";
    let gateway = Gateway::start(policy([origin.address()]).and(admin));
    let address = gateway.address("admin").to_string();
    check(&[], &address).assert(0, &["healthy", "/health/live"]);
    let url = format!("http://{}", gateway.http());
    run(&["healthcheck", "--url", &url], "not even a policy", &[]).assert(0, &["healthy"]);
    gateway.stop();
    let exit = check(&[], &address);
    exit.assert(1, &["unhealthy", &address]);
    assert_eq!(exit.stderr.len(), 1, "one line why: {exit:?}");
}

#[test]
fn without_an_admin_listener_the_first_plain_one_is_asked() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let address = gateway.http().to_string();
    let text = policy(["127.0.0.1:9"]).text().replace("127.0.0.1:0", &address);
    run(&["healthcheck", "portcullis.toml"], &text, &[]).assert(0, &[&address]);
    gateway.stop();
}

#[test]
fn readiness_is_asked_on_demand() {
    let origin = Origin::echo();
    let admin = "[admin]\naddress = \"127.0.0.1:0\"";
    let gateway = Gateway::start(policy([origin.address()]).and(admin));
    let address = gateway.address("admin");
    until("ready", || Ask::get("/health/ready").to(address).status == 200);
    check(&["--ready"], &address.to_string()).assert(0, &["/health/ready"]);
    drop(origin);
    until("not ready", || {
        Ask::get("/health/ready").to(address).status == 503
    });
    check(&["--ready"], &address.to_string()).assert(1, &["unhealthy", "503"]);
    check(&[], &address.to_string()).assert(0, &[]);
    gateway.stop();
}

#[test]
fn who_says_nothing_or_something_else_is_not_healthy() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    check(&[], &silent.local_addr().unwrap().to_string()).assert(1, &["within 3 s"]);
    let chatty = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = chatty.local_addr().unwrap().to_string();
    let talking = thread::spawn(move || {
        use std::io::Write as _;
        let (mut socket, _) = chatty.accept().unwrap();
        let _gone = socket.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").is_err();
    });
    check(&[], &address).assert(1, &["unhealthy"]);
    talking.join().unwrap();
    let failing = Origin::answering(Reply::new(500, "text/plain", "no"));
    check(&[], &failing.address().to_string()).assert(1, &["answered 500"]);
}

#[test]
fn a_refused_policy_or_command_line_is_told_apart() {
    run(&["healthcheck"], "[admin]\nadress = \"127.0.0.1:1\"", &[]).assert(2, &["portcullis.toml:2:1"]);
    run(&["healthcheck", "not-there.toml"], "", &[]).assert(2, &["not-there.toml"]);
    run(&["healthcheck", "--url", "https://127.0.0.1"], "", &[]).assert(2, &["http://HOST:PORT"]);
    run(&["healthcheck", "--url", "http://a", "p.toml"], "", &[]).assert(2, &["--url"]);
    check(&[], "127.0.0.1:0").assert(1, &["--url"]);
}
