//! What the benches work on: policies, requests, answers.

use std::time::SystemTime;

use portcullis::carryover::Carryover;
use portcullis::gateway::Gateway;
use portcullis::http::body::Body;
use portcullis::http::exchange::Response;
use portcullis::observe::metrics::Metrics;
use portcullis::policy::report::{Style, render};

/// How often each bench does its thing.
pub(crate) const TIMES: usize = 100;

/// The measured policy without its TLS listener, which would need certificates.
pub(crate) fn hardened() -> String {
    let text = include_str!("../load/policies/hardened.toml");
    let (before, after) = text
        .split_once("[listeners.https]")
        .expect("it has a TLS listener");
    let (_, after) = after
        .split_once("\n\n")
        .expect("an empty line ends the tables of a listener");
    let filled = [
        ("@HTTP@", "8080"),
        ("@ADMIN@", "9180"),
        ("@ORIGIN_PORT@", "8000"),
        ("@THREADS@", "1"),
        ("@LOG@", "/dev/null"),
        ("@GEN@", "0"),
    ];
    filled
        .iter()
        .fold(format!("{before}{after}"), |text, (name, value)| {
            text.replace(name, value)
        })
}

/// Compiles a policy that has no fault.
pub(crate) fn compile(text: &str, carryover: &Carryover) -> Gateway {
    let (gateway, source, problems) = Gateway::from_text("bench.toml", text, carryover, &|_| None);
    assert!(
        !problems.is_refused(),
        "{}",
        render(&problems, &source, Style::Plain)
    );
    gateway.expect("without faults it compiles")
}

/// The state of a process with one worker.
pub(crate) fn carryover() -> Carryover {
    Carryover::new(Metrics::new(SystemTime::now()), 1)
}

/// The head of a request as a browser's script sends it.
pub(crate) fn request(target: &str, more: &[(&'static str, &str)]) -> http::request::Parts {
    let mut request = http::Request::get(target)
        .header("host", "shop.example.com")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header("accept", "application/json")
        .header("accept-language", "en-US,en;q=0.5")
        .header("cookie", "session=0123456789abcdef0123456789abcdef");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(()).expect("these are headers").into_parts().0
}

/// An answer as an application sends it.
pub(crate) fn answer(body: &[u8]) -> Response {
    http::Response::builder()
        .header("server", "uvicorn")
        .header("date", "Sat, 01 Aug 2026 12:00:00 GMT")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(Body::from(body.to_vec()))
        .expect("these are headers")
}

/// About so many bytes of JSON, neither trivial nor random.
pub(crate) fn json(length: usize) -> Vec<u8> {
    let mut text = String::from("[");
    for number in 0_u64.. {
        if text.len() >= length {
            break;
        }
        let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let row = format!(
            r#"{{"id":{},"name":"item-{:04}","active":{},"score":{}.{:03}}},"#,
            noise >> 40,
            noise % 9973,
            noise & 1 == 0,
            noise % 97,
            noise % 1000
        );
        text.push_str(&row);
    }
    text.push_str("{}]");
    text.into_bytes()
}
