//! `request_headers` and `response_headers` → finished edits. Refused here: names the gateway writes itself,
//! names that another table of the policy owns, and values no header can have.

use http::{HeaderName, HeaderValue};

use crate::http::host;
use crate::http::template::{self, Part};
use crate::layers::header_edits::{HeaderEdits, Piece, Value};
use crate::policy::headers::{self, Headers, Lines};
use crate::policy::problem::At;
use crate::policy::suggest;

mod names;
mod off;

pub(super) use names::Side;
pub(super) use off::report_off;

use names::{Way, header_name};

/// What may stand in braces in a value.
const SLOTS: [&str; 4] = ["client_ip", "request_id", "host", "route"];

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
    let each =
        |(name, values): (HeaderName, Vec<Value>)| values.into_iter().map(move |value| (name.clone(), value));
    edits
        .add
        .extend(read("add", &table.add, Way::Add).into_iter().flat_map(each));
    edits.if_missing.extend(
        read("if_missing", &table.if_missing, Way::IfMissing)
            .into_iter()
            .flat_map(each),
    );
    let all = || edits.set.iter().chain(&edits.add).chain(&edits.if_missing);
    edits.tells_host = all().any(|(_, value)| tells_host(value));
    let something = !edits.remove.is_empty() || all().next().is_some();
    something.then_some(edits)
}

/// A name and its values, if both are right.
pub(super) fn fixed(
    name: &str,
    lines: &Lines,
    side: Side<'_>,
    at: &At<'_>,
) -> Option<(HeaderName, Vec<HeaderValue>)> {
    let name = header_name(name, (side, Way::Set), at)?;
    let values = lines
        .0
        .iter()
        .enumerate()
        .filter_map(|(index, line)| value(line, &at.index(index)));
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

fn tells_host(value: &Value) -> bool {
    matches!(value, Value::Filled(pieces) if pieces.iter().any(|piece| matches!(piece, Piece::Host)))
}
