//! What holds for any input, whoever wrote it. Each function panics where it does not.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use portcullis::http::client::{Trust, resolve};
use portcullis::http::fields;
use portcullis::http::forwarded::{Arrival, write, written};
use portcullis::http::frames::Frames;
use portcullis::http::message::Lines;
use portcullis::http::proxy_headers::{Kind, kind};
use portcullis::http::template::Part;
use portcullis::http::upgrade::{Handshake, names_websocket};
use portcullis::http::{hop, host, path as paths, readings, spelling, template as templates, trailers};

#[path = "properties/guards.rs"]
mod guards;
#[path = "properties/reader.rs"]
mod reader;

pub use guards::{answer, chunks, http2, proxy, request};

/// Names that concern one connection only.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// A path.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let form = paths::normal_form(text);
    is_tidy(&form);
    assert_eq!(paths::normal_form(text), form, "it depends on more than the path");
    if !form.contains('%') {
        assert_eq!(paths::normal_form(&form), form, "it is not its own normal form");
    }
    let others = readings::others(text).unwrap_or_default();
    for other in &others {
        is_tidy(other);
    }
    if !readings::is_odd(text) {
        assert!(
            others.is_empty(),
            "an ordinary path has other readings: {others:?}"
        );
    }
    if paths::has_plain_segments(text) {
        assert_eq!(form.split('/').count(), text.split('/').count());
    }
}

/// The authority of a request.
pub fn host(bytes: &[u8]) {
    let Ok(authority) = host::parse(bytes) else { return };
    let clean = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.[]:".contains(&byte);
    assert!(
        !authority.host.is_empty() && authority.host.bytes().all(clean),
        "{authority:?}"
    );
    assert_ne!(authority.port, Some(0));
    let again = host::parse(authority.host.as_bytes()).expect("what was read can be read again");
    assert_eq!(again.host, authority.host);
}

/// A bit that says whether the peer is trusted, then header lines about the way.
pub fn client(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let headers = lines(rest);
    let trust = Trust::new(&[
        "10.0.0.0/8".parse().expect("a network"),
        "2001:db8::/32".parse().expect("a network"),
    ]);
    let peer: IpAddr = if first & 1 == 0 {
        [203, 0, 113, 9]
    } else {
        [10, 0, 0, 1]
    }
    .into();
    let caller = resolve(peer, &headers, &trust);
    if first & 1 == 0 {
        assert_eq!(
            (caller.ip, caller.hops, caller.https, &caller.host, caller.port),
            (peer, 0, None, &None, None)
        );
    }
    // From the right, each entry up to the client's was written by one that is trusted.
    let all = headers.get_all("x-forwarded-for");
    let entries: Vec<&[u8]> = all
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .collect();
    let full = |entry: &&&[u8]| !entry.trim_ascii().is_empty();
    let behind = entries
        .iter()
        .rev()
        .filter(full)
        .take(usize::from(caller.hops).saturating_sub(1));
    for entry in behind {
        let entry = String::from_utf8_lossy(entry);
        let bare = entry.trim().trim_start_matches('[');
        let ours = bare.starts_with("10.") || bare.contains(':');
        assert!(ours, "a hop that nobody vouches for was walked past: {entry}");
    }
    let mut sent = headers.clone();
    fields::retain(&mut sent, |name| match kind(name.as_str()) {
        None => true,
        Some(kind) => kind == Kind::Way && caller.peer_trusted,
    });
    let arrival = Arrival {
        peer,
        peer_written: &written(peer),
        https: false,
        host: None,
    };
    let mut sent = Lines::from(sent);
    write(&mut sent, &headers, &arrival, &caller, &trust);
    let sent = HeaderMap::from(sent);
    let only = |name: &str| {
        let mut values = sent.get_all(name).iter();
        let first = values
            .next()
            .expect("it is written")
            .to_str()
            .expect("it is ASCII")
            .to_owned();
        assert!(values.next().is_none(), "`{name}` is told twice");
        first
    };
    assert_eq!(only("x-real-ip"), caller.ip.to_string());
    let way = only("x-forwarded-for");
    assert!(
        way.split(", ").all(|entry| entry.parse::<IpAddr>().is_ok()),
        "{way}"
    );
    assert_eq!(way.split(", ").next(), Some(&*caller.ip.to_string()));
    assert!(!sent.contains_key("forwarded"));
}

/// Header lines.
pub fn hop(bytes: &[u8]) {
    let before = lines(bytes);
    let mut after = before.clone();
    if let Ok(hop) = hop::Hop::of(&before) {
        fields::retain(&mut after, |name| !hop.ends(name));
        for name in HOP_BY_HOP {
            assert!(!after.contains_key(name), "`{name}` is left");
        }
        assert!(!after.contains_key("te"));
        in_order(&before, &after);
    }
    for end in ["cookie", "authorization", "x-forwarded-for", "host"] {
        let mut answer = before.clone();
        hop::strip_response(&mut answer);
        assert_eq!(
            answer.contains_key(end),
            before.contains_key(end),
            "`{end}` was taken off"
        );
    }
    let mut unshadowed = before.clone();
    spelling::drop_shadows(&mut unshadowed);
    in_order(&before, &unshadowed);
    let plain = |name: &HeaderName| name.as_str().replace('_', "-");
    let mut names: Vec<String> = unshadowed.keys().map(plain).collect();
    names.sort_unstable();
    assert!(
        names.windows(2).all(|two| two[0] != two[1]),
        "a shadow is left: {names:?}"
    );
    let mut after_body = before.clone();
    trailers::drop_forbidden(&mut after_body);
    assert!(!after_body.contains_key("content-length") && !after_body.contains_key("x_forwarded_for"));
    in_order(&before, &after_body);
}

/// Header lines of a request, an empty line, those of an answer.
pub fn upgrade(bytes: &[u8]) {
    let at = bytes
        .windows(2)
        .position(|two| two == b"\n\n")
        .unwrap_or(bytes.len());
    let (request, answer) = (lines(&bytes[..at]), lines(&bytes[at..]));
    let Some(handshake) = Handshake::of(&Method::GET, Version::HTTP_11, &request, true) else {
        return;
    };
    assert_eq!(request.get_all("upgrade").iter().count(), 1);
    assert!(Handshake::of(&Method::GET, Version::HTTP_10, &request, true).is_none());
    let accepted = handshake.is_accepted_by(&answer);
    if accepted {
        assert_eq!(answer.get_all("upgrade").iter().count(), 1);
        assert!(!answer.contains_key("transfer-encoding"));
    }
    if names_websocket(&request) {
        assert_eq!(request.get_all("sec-websocket-key").iter().count(), 1);
        assert!(Handshake::of(&Method::POST, Version::HTTP_11, &request, true).is_none());
        assert!(Handshake::of(&Method::GET, Version::HTTP_11, &request, false).is_none());
        assert!(!accepted || answer.get_all("sec-websocket-accept").iter().count() == 1);
    }
}

/// Text with places to be filled in.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(parts) = templates::parse(text) else { return };
    let written: String = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.replace('{', "{{").replace('}', "}}"),
            Part::Slot(name) => format!("{{{name}}}"),
        })
        .collect();
    assert_eq!(templates::parse(&written).as_ref(), Ok(&parts), "{written}");
}

/// Where to cut, then bytes of a WebSocket.
pub fn frames(bytes: &[u8]) {
    let Some((cut, rest)) = bytes.split_first() else {
        return;
    };
    let (mut whole, mut pieces) = (Frames::default(), Frames::default());
    whole.follow_all(rest);
    rest.chunks(usize::from(*cut).max(1))
        .for_each(|piece| pieces.follow_all(piece));
    assert_eq!(
        (whole.is_between(), whole.is_closed()),
        (pieces.is_between(), pieces.is_closed())
    );
}

fn is_tidy(form: &str) {
    assert!(form.starts_with('/'), "{form:?}");
    assert!(!form.contains("//"), "{form:?}");
    assert!(
        form.split('/').all(|segment| segment != "." && segment != ".."),
        "{form:?}"
    );
}

/// `name: value`, those that can stand in a head.
fn lines(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            continue;
        };
        let name = HeaderName::from_bytes(name.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}

/// What is left stands as it stood; `te` is written anew.
fn in_order(before: &HeaderMap, after: &HeaderMap) {
    let kept = |headers: &HeaderMap| -> Vec<(HeaderName, HeaderValue)> {
        let mine = headers
            .iter()
            .filter(|(name, _)| after.contains_key(*name) && *name != "te");
        mine.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    assert_eq!(kept(before), kept(after));
}
