//! How large the head of an answer may be.

use super::METRIC;
use crate::support::policy::PolicyText;
use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy};

/// Answers with as many fields as the target says, all together.
fn counting() -> Origin {
    Origin::playing(|call, line| {
        let count: usize = call.target.trim_start_matches('/').parse().unwrap();
        let mut fields = String::new();
        for number in 1..count {
            fields += &format!("X-{number}: {number}\r\n");
        }
        line.send(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok"));
    })
}

/// Answers with as many cookies of 4 KiB as the target says.
fn baking() -> Origin {
    Origin::playing(|call, line| {
        let count: usize = call.target.trim_start_matches('/').parse().unwrap();
        let cookie = format!("Set-Cookie: c={}\r\n", "x".repeat(4096));
        let cookies = cookie.repeat(count);
        line.send(format!("HTTP/1.1 200 OK\r\n{cookies}Content-Length: 2\r\n\r\nok"));
    })
}

fn refuses(gateway: &Gateway, target: &str, reason: &str) {
    Ask::get(target)
        .to(gateway.http())
        .assert_refused(502, "upstream_invalid");
    assert_eq!(gateway.metrics().count(METRIC, &[("reason", reason)]), 1);
}

fn most_fields(policy: PolicyText, most: usize) {
    let gateway = Gateway::start(policy);
    let answer = Ask::get(&format!("/{most}")).to(gateway.http());
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert!(answer.header(&format!("x-{}", most - 1)).is_some());
    refuses(&gateway, &format!("/{}", most + 1), "too_many_fields");
    gateway.stop();
}

#[test]
fn as_many_fields_as_may_be_pass_and_no_more() {
    let origin = counting();
    most_fields(policy([origin.address()]), 200);
    most_fields(policy([origin.address()]).upstream("max_headers = 30"), 30);
}

#[test]
fn there_is_room_for_64_kib_of_cookies() {
    let origin = baking();
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        let answer = Ask::get("/16").over(proto, &gateway);
        assert_eq!(answer.status, 200, "{proto:?}");
        assert_eq!(answer.head.all("set-cookie").len(), 16, "{proto:?}");
    }
    refuses(&gateway, "/30", "head_too_large");
    gateway.stop();
}

#[test]
fn the_policy_says_how_large_a_head_may_be() {
    let origin = baking();
    let gateway = Gateway::start(policy([origin.address()]).upstream("max_head = \"16KiB\""));
    assert_eq!(Ask::get("/3").to(gateway.http()).status, 200);
    refuses(&gateway, "/4", "head_too_large");
    gateway.stop();
}

#[test]
fn a_head_without_end_is_cut_off() {
    for start in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nY : y\r\nX: "] {
        let origin = Origin::playing(move |_, line| {
            line.send(start);
            while line.send([b'x'; 4096]) {}
        });
        let gateway = Gateway::start(policy([origin.address()]));
        refuses(&gateway, "/", "head_too_large");
        gateway.stop();
    }
}
