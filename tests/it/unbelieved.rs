//! A proxy that nobody named as trusted: its clients count as one, and one line of the log says which line mends it.

use crate::support::{Ask, Gateway, Origin, policy};

fn warnings(gateway: &Gateway) -> Vec<String> {
    let of_it = |line: &String| line.contains("keeps sending X-Forwarded-For");
    gateway.log().into_iter().filter(of_it).collect()
}

fn ask(gateway: &Gateway, times: u32, header: &str) {
    for client in 0..times {
        let asked = Ask::get("/").header(header, &format!("192.0.2.{}", client % 200));
        assert_eq!(asked.to(gateway.http()).status, 200);
    }
}

#[test]
fn a_peer_that_keeps_claiming_clients_is_told_of_once() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    ask(&gateway, 40, "X-Forwarded-For");
    ask(&gateway, 40, "X-Other");
    ask(&gateway, 160, "X-Forwarded-For");
    let told = gateway.wait_for_log("the warning", |line| {
        line["message"]
            .as_str()
            .is_some_and(|said| said.contains("keeps sending X-Forwarded-For"))
    });
    assert_eq!(told["level"], "WARN");
    assert_eq!(told["peer"], "127.0.0.1");
    let said = told["message"].as_str().unwrap();
    assert!(
        said.contains("trusted_proxies = [\"127.0.0.1\"] in [client]"),
        "{said}"
    );
    assert_eq!(warnings(&gateway).len(), 1);
    gateway.stop();
}

#[test]
fn nobody_is_told_of_who_is_trusted_or_claims_nothing() {
    let origin = Origin::echo();
    let trusting =
        Gateway::start(policy([origin.address()]).and("[client]\ntrusted_proxies = [\"127.0.0.1\"]"));
    ask(&trusting, 120, "X-Forwarded-For");
    let plain = Gateway::start(policy([origin.address()]));
    ask(&plain, 120, "X-Other");
    for gateway in [trusting, plain] {
        let exit = gateway.stop();
        assert!(!exit.output().contains("keeps sending"), "{exit:?}");
    }
}
