//! `request_buffer`: whole bodies are waited for, in memory and in a file, within their bounds.

use std::fs;

use crate::body_lengths::old;
use crate::support::reply::chunk;
use crate::support::{Ask, Gateway, Origin, policy, run, until};

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";

fn buffered(origin: &Origin, spill: &str, keys: &str) -> Gateway {
    let text = policy([origin.address()]).gateway(spill);
    Gateway::start(text.and(&format!("[defaults]\nmax_body = \"off\"\n{keys}")))
}

#[test]
fn a_route_that_buffers_asks_the_server_once_all_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::echo();
    let spill = format!(
        "spill = {{ folder = \"{}\", max = \"1MiB\" }}",
        folder.path().display()
    );
    let gateway = buffered(
        &origin,
        &spill,
        "request_buffer = { max = \"600KiB\", memory = \"1KiB\" }",
    );
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    let piece: Vec<u8> = (0..100_000).map(|at| b"abcdefg"[at % 7]).collect();
    for _ in 0..5 {
        wire.send(chunk(&piece));
    }
    until("the body lies in a file", || {
        !gateway.open_files_in(folder.path()).is_empty()
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it has a name");
    assert!(
        origin.calls().is_empty(),
        "the server was asked before all had come"
    );
    wire.send("0\r\n\r\n");
    let echo = wire.answer().json();
    assert_eq!(echo["body"].as_str().unwrap().as_bytes(), piece.repeat(5));
    assert_eq!(origin.calls()[0].header("content-length"), Some("500000"));
    until("the file is closed", || {
        gateway.open_files_in(folder.path()).is_empty()
    });
    gateway.stop();
}

#[test]
fn a_slow_client_of_a_route_that_buffers_holds_no_place_at_the_upstream() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .upstream("max_inflight = 1\nqueue = { size = 1, timeout = \"100ms\" }")
        .and("[defaults]\nrequest_buffer = {}");
    let gateway = Gateway::start(text);
    let mut slow = gateway.connect();
    slow.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 8\r\n\r\nhalf");
    until("the body is waited for", || {
        gateway.metrics().count("portcullis_in_flight_requests", &[]) >= 1
    });
    assert_eq!(Ask::post("/", "quick").to(gateway.http()).status, 200);
    slow.send("half");
    assert_eq!(slow.answer().json()["body"], "halfhalf");
    gateway.stop();
}

#[test]
fn a_body_over_the_bound_of_the_route_is_refused_told_or_not() {
    let origin = Origin::echo();
    let gateway = buffered(&origin, "", "request_buffer = { max = \"1KiB\" }");
    Ask::post("/", "x".repeat(1025))
        .to(gateway.http())
        .assert_refused(413, "body_too_large");
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    wire.send(chunk("x".repeat(1025)));
    wire.answer().assert_refused(413, "body_too_large");
    assert_eq!(Ask::post("/", "x".repeat(1024)).to(gateway.http()).status, 200);
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn where_the_disk_is_used_up_the_next_body_is_503_until_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::echo();
    let spill = format!(
        "spill = {{ folder = \"{}\", max = \"100KiB\" }}",
        folder.path().display()
    );
    let gateway = buffered(
        &origin,
        &spill,
        "request_buffer = { max = \"10MiB\", memory = \"1KiB\" }",
    );
    let mut first = gateway.connect();
    first.send(CHUNKED);
    first.send(chunk("x".repeat(90 << 10)));
    until("nearly all of the body lies in a file", || {
        gateway.open_files_in(folder.path()).iter().sum::<u64>() > 85 << 10
    });
    let refused = Ask::post("/", "x".repeat(20 << 10)).to(gateway.http());
    refused.assert_refused(503, "request_buffer_full");
    assert!(refused.header("retry-after").is_some());
    // The client leaves, and what it had is free.
    drop(first);
    until("the next body fits", || {
        Ask::post("/", "x".repeat(90 << 10)).to(gateway.http()).status == 200
    });
    gateway.stop();
}

#[test]
fn a_body_that_is_waited_for_must_flow_like_any_other() {
    let origin = Origin::echo();
    let gateway = buffered(
        &origin,
        "",
        "request_buffer = {}\ntimeouts = { request_body_idle = \"300ms\" }",
    );
    let mut wire = gateway.connect();
    wire.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 8\r\n\r\nhalf");
    let answer = wire.answer();
    answer.assert_refused(408, "request_body_timeout");
    assert!(origin.calls().is_empty());
    gateway.stop();
}

#[test]
fn a_route_that_buffers_sends_large_bodies_to_a_server_of_http_1_0() {
    let origin = old();
    let gateway = buffered(&origin, "", "request_buffer = {}");
    assert_eq!(Ask::get("/").to(gateway.http()).text(), "0");
    let mut wire = gateway.connect();
    wire.send(CHUNKED);
    for _ in 0..5 {
        wire.send(chunk("x".repeat(100_000)));
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.answer().text(), "500000");
    gateway.stop();
}

#[test]
fn check_says_that_the_folder_cannot_be_used() {
    let text = "[gateway]\nspill = { folder = \"/nowhere/at/all\" }\n[upstreams.app]\nservers = [\"http://127.0.0.1:9\"]\n";
    run(&["check"], text, &[]).assert(0, &[]);
    let needed = format!("{text}[defaults]\nrequest_buffer = {{}}\n");
    run(&["check"], &needed, &[]).assert(2, &["/nowhere/at/all", "portcullis.toml:2:"]);
}
