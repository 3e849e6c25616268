//! `docs/reference/answers.md` against the refusals: every code, its status, what it tells the client.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderValue;
use portcullis::http::guard::fault::Fault;
use portcullis::http::host::HostFault;
use portcullis::http::quota::Quota;
use portcullis::http::refusal::{Deadline, Refusal};
use portcullis::http::vet;

use super::markdown::{code, page, rows};

fn all() -> Vec<Refusal> {
    let quota = Quota {
        limit: 0,
        remaining: 0,
        reset: Duration::ZERO,
        retry_after: Duration::from_secs(7),
    };
    vec![
        Refusal::RequestMalformed(Fault::BareCr),
        Refusal::VersionUnsupported,
        Refusal::LoginOverHttp2,
        Refusal::CodingUnsupported,
        Refusal::HeadTooLarge(8192),
        Refusal::HostInvalid(HostFault::Missing),
        Refusal::TargetInvalid,
        Refusal::Misdirected,
        Refusal::ExpectationFailed,
        Refusal::TooManyConnections,
        Refusal::Exhausted,
        Refusal::TargetTooLong(1),
        Refusal::MethodRefused,
        Refusal::ConnectionHeader,
        Refusal::TlsRequired,
        Refusal::TooManyHeaders(100),
        Refusal::AccessDenied,
        Refusal::OriginDenied,
        Refusal::NotFound,
        Refusal::MethodNotAllowed(Box::new(HeaderValue::from_static("GET"))),
        Refusal::BodyTooLarge(1),
        Refusal::LengthRequired,
        Refusal::RequestBufferFull,
        Refusal::RequestTimeout(Deadline::RequestHead),
        Refusal::RequestTimeout(Deadline::RequestBodyIdle),
        Refusal::RateLimited(Box::new(quota)),
        Refusal::TooManyInFlight,
        Refusal::TooManyStreams,
        Refusal::UpstreamBusy,
        Refusal::UpstreamQueueTimeout,
        Refusal::UpstreamUnresolved,
        Refusal::UpstreamUnreachable,
        Refusal::UpstreamUntrusted,
        Refusal::UpstreamTls,
        Refusal::UpstreamClosed,
        Refusal::UpstreamInvalid(vet::Fault::Syntax),
        Refusal::UpstreamTimeout(Deadline::Total),
        Refusal::BodyInvalid(Fault::ChunkSize),
        Refusal::ClientGone,
        Refusal::Internal,
    ]
}

#[test]
fn every_code_is_documented_with_its_status_and_none_is_made_up() {
    let rows = rows(&page("docs/reference/answers.md"));
    let documented: BTreeMap<&str, Vec<&str>> = rows
        .iter()
        .filter_map(|row| {
            let (name, rest) = row.cells.split_first()?;
            Some((code(name)?, rest.iter().take(3).map(String::as_str).collect()))
        })
        .collect();
    let all = all();
    for refusal in &all {
        assert!(Refusal::CODES.contains(&refusal.code()), "{}", refusal.code());
        let wait = match refusal.retry_after() {
            None => "",
            Some(wait) if wait == Duration::from_secs(1) => "1 s",
            Some(_) => "when the limit allows the next",
        };
        let status = refusal.status().as_u16().to_string();
        let closes = if refusal.closes() { "yes" } else { "no" };
        assert_eq!(
            documented.get(refusal.code()),
            Some(&vec![status.as_str(), wait, closes]),
            "{}",
            refusal.code()
        );
    }
    assert_eq!(documented.len(), all.len(), "{:?}", documented.keys());
}

#[test]
fn the_list_above_has_every_code_of_the_source() {
    let source = page("src/http/refusal.rs");
    let (_, rest) = source.split_once("pub fn code(").unwrap();
    let (body, _) = rest.split_once("\n    }\n").unwrap();
    let mut in_source: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    let all = all();
    let mut listed: Vec<&str> = all.iter().map(Refusal::code).collect();
    in_source.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, in_source);
}
