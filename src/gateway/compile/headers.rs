//! `request_headers` and `response_headers` → finished edits. Refused here: names the gateway writes itself,
//! names that another table of the policy owns, and values no header can have.

use http::{HeaderName, HeaderValue};

use super::Build;
use crate::http::host;
use crate::http::template::{self, Part};
use crate::layers::header_edits::{HeaderEdits, Piece, Value};
use crate::layers::security_headers::SecurityHeaders;
use crate::policy::headers::{self, Headers, Lines};
use crate::policy::problem::At;
use crate::policy::{Policy, Settings, Switch, suggest};

/// What may stand in braces in a value.
const SLOTS: [&str; 4] = ["client_ip", "request_id", "host", "route"];

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
pub(super) enum Side<'a> {
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
enum Way {
    Remove,
    Set,
    Add,
    IfMissing,
}

/// Compiles one side of a route; none where nothing is edited.
pub(super) fn compile(
    table: &headers::HeaderEdits,
    side: Side<'_>,
    endpoint: &str,
    at: &At<'_>,
) -> Option<HeaderEdits> {
    let read = |key: &str, names: &Headers, way| {
        let at = at.key(key);
        let named = names.iter().filter_map(|(name, lines)| {
            let lines = lines.as_ref()?;
            edit(name, lines, (side, way), endpoint, &at.key(name))
        });
        named.collect::<Vec<_>>()
    };
    let mut edits = HeaderEdits::default();
    for (index, name) in table.remove.iter().enumerate() {
        let at = at.key("remove").index(index);
        edits.remove.extend(header_name(name, (side, Way::Remove), &at));
    }
    // Further lines of a header that is set are added to the first.
    for (name, values) in read("set", &table.set, Way::Set) {
        let mut values = values.into_iter();
        edits.set.extend(values.next().map(|value| (name.clone(), value)));
        edits.add.extend(values.map(|value| (name.clone(), value)));
    }
    let each = |(name, values): (HeaderName, Vec<Value>)| {
        values.into_iter().map(move |value| (name.clone(), value))
    };
    edits.add.extend(read("add", &table.add, Way::Add).into_iter().flat_map(each));
    edits
        .if_missing
        .extend(read("if_missing", &table.if_missing, Way::IfMissing).into_iter().flat_map(each));
    let all = || edits.set.iter().chain(&edits.add).chain(&edits.if_missing);
    edits.tells_host = all().any(|(_, value)| tells_host(value));
    let something = !edits.remove.is_empty() || all().next().is_some();
    something.then_some(edits)
}

/// A name and its values, if both are right.
pub(super) fn fixed(name: &str, lines: &Lines, side: Side<'_>, at: &At<'_>) -> Option<(HeaderName, Vec<HeaderValue>)> {
    let name = header_name(name, (side, Way::Set), at)?;
    let values = lines.0.iter().enumerate().filter_map(|(index, line)| value(line, &at.index(index)));
    Some((name, values.collect()))
}

fn edit(
    name: &str,
    lines: &Lines,
    (side, way): (Side<'_>, Way),
    endpoint: &str,
    at: &At<'_>,
) -> Option<(HeaderName, Vec<Value>)> {
    let name = header_name(name, (side, way), at)?;
    if lines.0.is_empty() {
        at.fault(format!("`{name}` has no value"))
            .help("write one; to take a header off, name it in `remove`");
    }
    let mut values = Vec::new();
    for (index, line) in lines.0.iter().enumerate() {
        let at = at.index(index);
        values.extend(filled(line, endpoint, &at));
        if name == http::header::HOST && (lines.0.len() > 1 || host::parse(line.as_bytes()).is_err()) {
            at.fault("the upstream is asked for one fixed host, and this is none")
                .help("write `name` or `name:port`");
        }
    }
    Some((name, values))
}

fn filled(line: &str, endpoint: &str, at: &At<'_>) -> Option<Value> {
    let parts = template::parse(line).map_err(|message| at.fault(message)).ok()?;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut text = String::new();
    for part in parts {
        let piece = match part {
            Part::Text(part) => {
                text.push_str(&part);
                continue;
            }
            Part::Slot(name) => match name.as_str() {
                "route" => {
                    text.push_str(endpoint);
                    continue;
                }
                "client_ip" => Piece::ClientIp,
                "request_id" => Piece::RequestId,
                "host" => Piece::Host,
                other => {
                    at.fault(format!("nothing is known as `{other}` here"))
                        .help(suggest::remedy(other, "placeholders", SLOTS.into_iter()));
                    return None;
                }
            },
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(value(&std::mem::take(&mut text), at)?));
        }
        pieces.push(piece);
    }
    if pieces.is_empty() {
        return value(&text, at).map(Value::Fixed);
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(value(&text, at)?));
    }
    Some(Value::Filled(pieces.into()))
}

fn value(text: &str, at: &At<'_>) -> Option<HeaderValue> {
    if text.is_empty() {
        at.fault("this value is empty")
            .help("write one; to take a header off, name it in `remove`");
        return None;
    }
    let value = HeaderValue::from_str(text).ok();
    if value.is_none() {
        at.fault("this cannot be the value of a header")
            .help("use printable ASCII on one line");
    }
    value
}

fn header_name(name: &str, (side, way): (Side<'_>, Way), at: &At<'_>) -> Option<HeaderName> {
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
    if security.is_some_and(|security| security.writes(name)) {
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

fn tells_host(value: &Value) -> bool {
    matches!(value, Value::Filled(pieces) if pieces.iter().any(|piece| matches!(piece, Piece::Host)))
}

/// `"off"` takes back what `[defaults]` says; where that says nothing, a value may have been meant.
pub(super) fn report_off(policy: &Policy, build: &Build<'_>) {
    report_off_in(&policy.defaults, None, &build.at().key("defaults"));
    for (index, route) in policy.routes.iter().enumerate() {
        let at = build.at().key("routes").index(index);
        report_off_in(&route.settings, Some(&policy.defaults), &at);
    }
}

fn report_off_in(settings: &Settings, defaults: Option<&Settings>, at: &At<'_>) {
    for (table, names, inherited) in edited(settings, defaults) {
        for (name, _) in names.iter().filter(|(_, lines)| **lines == Switch::Off) {
            if !inherited.is_some_and(|inherited| inherited.contains_key(name)) {
                let at = table.iter().fold(at.clone(), |at, key| at.key(key));
                at.key(name)
                    .warn(format!(
                        "\"off\" takes back what `[defaults]` says, and that says nothing of `{name}`"
                    ))
                    .help("leave it out; for the word itself as the value write [\"off\"]");
            }
        }
    }
}

type Edited<'a> = ([&'static str; 2], &'a Headers, Option<&'a Headers>);

/// Every table of names, with what it inherits from.
fn edited<'a>(settings: &'a Settings, defaults: Option<&'a Settings>) -> Vec<Edited<'a>> {
    let sides: [(&str, fn(&Settings) -> &headers::HeaderEdits); 2] = [
        ("request_headers", |settings| &settings.request_headers),
        ("response_headers", |settings| &settings.response_headers),
    ];
    let keys: [(&str, fn(&headers::HeaderEdits) -> &Headers); 3] = [
        ("set", |edits| &edits.set),
        ("add", |edits| &edits.add),
        ("if_missing", |edits| &edits.if_missing),
    ];
    let each = sides.into_iter().flat_map(|side| keys.map(|key| (side, key)));
    each.map(|((side, edits), (key, names))| {
        let of = |settings| names(edits(settings));
        ([side, key], of(settings), defaults.map(of))
    })
    .collect()
}
