//! Whose a header is: some frame a message, some the gateway writes itself, some belong to another table of the
//! policy. The operator is told where to say it instead.

use http::HeaderName;

use crate::layers::security_headers::SecurityHeaders;
use crate::policy::problem::At;

/// Headers of one connection, or that frame or encode a message: wrong on the next one (RFC 9110 §7.6.1), or a
/// lie about the body. Sorted.
const FRAMING: [&str; 15] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the upstream is told of the client: may be taken off, not made up.
const FORWARDED: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// The headers of which message, and who else writes them.
#[derive(Clone, Copy)]
pub(in crate::gateway::compile) enum Side<'a> {
    /// What goes to the upstream.
    Request,
    /// What goes to the client.
    Response {
        security: Option<&'a SecurityHeaders>,
        cors: bool,
    },
}

/// What is to be done with a header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Remove,
    Set,
    Add,
    IfMissing,
}

/// A header's name, if it is one and the operator's to change in this way.
pub(super) fn header_name(name: &str, (side, way): (Side<'_>, Way), at: &At<'_>) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()) else {
        at.fault(format!("`{name}` is no header name"))
            .help("use letters, digits and `-`");
        return None;
    };
    if let Some((why, remedy)) = not_here(&name, side, way) {
        at.fault(format!("`{name}` {why}")).help(remedy);
        return None;
    }
    Some(name)
}

/// Why a header is not the operator's to change in this way, and what to do instead.
fn not_here(name: &HeaderName, side: Side<'_>, way: Way) -> Option<(&'static str, &'static str)> {
    let word = name.as_str();
    if FRAMING.binary_search(&word).is_ok() || word.starts_with("sec-websocket-") {
        return Some((
            "frames the message or belongs to one connection: the gateway writes it as each message needs it",
            "leave it out",
        ));
    }
    if word == "x-request-id" {
        return Some((
            "ties answers to log lines, so it is always written by the gateway",
            "leave it out; a client's own id is kept if it is well-formed",
        ));
    }
    match side {
        Side::Request => not_on_requests(word, way),
        Side::Response { security, cors } => not_on_responses(name, way, security, cors),
    }
}

fn not_on_requests(word: &str, way: Way) -> Option<(&'static str, &'static str)> {
    if word == "host" && way != Way::Set {
        return Some(("is on every request exactly once", "write it under `set`"));
    }
    if FORWARDED.contains(&word) && way != Way::Remove {
        return Some((
            "says where the request comes from, which the gateway finds out itself",
            "leave it out, or use `remove`; `client.trusted_proxies` says whose word is taken",
        ));
    }
    None
}

fn not_on_responses(
    name: &HeaderName,
    way: Way,
    security: Option<&SecurityHeaders>,
    cors: bool,
) -> Option<(&'static str, &'static str)> {
    let theirs =
        |security: &SecurityHeaders| security.sets(name) || way == Way::Remove && security.fills(name);
    if security.is_some_and(theirs) {
        return Some((
            "is written by `security_headers`, which has the last word",
            "change it in `security_headers`, or write \"off\" there and keep it here",
        ));
    }
    match name.as_str() {
        "x-response-time-ms" | "x-process-time" => Some(("is written by the gateway", "leave it out")),
        word if cors && word.starts_with("access-control-") => Some((
            "is written by `cors`",
            "change it in `cors`, or switch that off and keep it here",
        )),
        "vary" if cors && way != Way::Add => Some((
            "keeps one origin's answer from another, so `cors` needs it",
            "write it under `add`",
        )),
        _ => None,
    }
}
