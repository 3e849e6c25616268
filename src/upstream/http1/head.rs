//! Heads as they stand on the wire: a request's is written, an answer's is taken apart. Both are beyond doubt here:
//! values have been checked when they were made, and an answer's octets by the guard.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode, Version, response};
use hyper::ext::ReasonPhrase;

use crate::http::message::Message;
use crate::http::octets::text_length;

/// Room for the fields of an answer and for those that are written on it later, made once instead of as it runs out.
const FIELDS: usize = 24;

/// Writes a request up to its body (RFC 9112 §3, §5). `framing` is the line that tells its length, if none among the
/// fields does.
pub(super) fn write(text: &mut Vec<u8>, message: &Message, framing: &[u8]) {
    let first = [
        message.method.as_str(),
        " ",
        message.target.as_str(),
        " HTTP/1.1\r\n",
    ];
    let lines = message.lines.iter();
    let lines: usize = lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    // All at once: there is no buffer to begin with, and to let it grow would be to copy it each time.
    text.reserve(first.iter().map(|piece| piece.len()).sum::<usize>() + lines + framing.len() + 2);
    for piece in first {
        text.extend_from_slice(piece.as_bytes());
    }
    write_lines(text, message.lines.iter());
    text.extend_from_slice(framing);
    text.extend_from_slice(b"\r\n");
}

/// Writes field lines.
pub(super) fn write_lines<'l>(
    text: &mut Vec<u8>,
    lines: impl Iterator<Item = (&'l HeaderName, &'l HeaderValue)>,
) {
    for (name, value) in lines {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
}

/// An answer's head, from its octets up to the empty line; nothing if the guard has let by what it should not.
pub(super) fn read(head: &Bytes, status: u16, current: bool) -> Option<response::Parts> {
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = StatusCode::from_u16(status).ok()?;
    parts.version = if current {
        Version::HTTP_11
    } else {
        Version::HTTP_10
    };
    let line = text_length(head);
    let reason = head.get(13..line).unwrap_or_default();
    if !reason.is_empty() && Some(reason) != parts.status.canonical_reason().map(str::as_bytes) {
        parts.extensions.insert(ReasonPhrase::try_from(reason).ok()?);
    }
    parts.headers = HeaderMap::with_capacity(FIELDS);
    read_fields(head, line + 2, &mut parts.headers)?;
    Some(parts)
}

/// Field lines from a place on, up to the empty one. Values share the octets.
pub(super) fn read_fields(lines: &Bytes, start: usize, fields: &mut HeaderMap) -> Option<()> {
    let mut at = start;
    loop {
        let line = lines.get(at..)?;
        if line.first()? == &b'\r' {
            return Some(());
        }
        let colon = line.iter().position(|octet| *octet == b':')?;
        let end = colon + 1 + text_length(line.get(colon + 1..)?);
        let name = HeaderName::from_bytes(line.get(..colon)?).ok()?;
        let value = trimmed(lines, at + colon + 1, at + end);
        fields
            .try_append(name, HeaderValue::from_maybe_shared(value).ok()?)
            .ok()?;
        at += end + 2;
    }
}

/// A value without the white space around it (RFC 9110 §5.5).
fn trimmed(lines: &Bytes, mut start: usize, mut end: usize) -> Bytes {
    let is_white = |at: usize| matches!(lines.get(at), Some(b' ' | b'\t'));
    while start < end && is_white(start) {
        start += 1;
    }
    while start < end && is_white(end - 1) {
        end -= 1;
    }
    lines.slice(start..end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Method;
    use http::header::HOST;
    use http::uri::PathAndQuery;

    use super::*;
    use crate::http::body::Body;

    #[test]
    fn a_request_is_written_as_it_is() {
        let target = PathAndQuery::from_static("/a?b=%20");
        let mut message = Message::new(Method::PUT, target, Body::Empty);
        message.lines.push(HOST, HeaderValue::from_static("app"));
        let name = HeaderName::from_static("x-empty");
        message.lines.push(name, HeaderValue::from_static(""));
        let mut text = Vec::new();
        write(&mut text, &message, b"transfer-encoding: chunked\r\n");
        let expected =
            "PUT /a?b=%20 HTTP/1.1\r\nhost: app\r\nx-empty: \r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn an_answer_is_read_as_it_was_meant() {
        let head = "HTTP/1.1 200 Fine\r\nX-A: \t a b\t \r\nset-cookie:x\r\nSet-Cookie: y\r\nempty:\r\ntab: a\tb\r\n\r\n";
        let parts = read(&Bytes::from(head), 200, true).unwrap();
        let fields: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let expected: [(&str, &[u8]); 5] = [
            ("x-a", b"a b"),
            ("set-cookie", b"x"),
            ("set-cookie", b"y"),
            ("empty", b""),
            ("tab", b"a\tb"),
        ];
        assert_eq!(fields, expected);
        assert_eq!(
            parts.extensions.get::<ReasonPhrase>().unwrap().as_bytes(),
            b"Fine"
        );
    }

    #[test]
    fn a_usual_reason_is_left_out_and_none_is_none() {
        for head in [
            "HTTP/1.0 404 Not Found\r\n\r\n",
            "HTTP/1.0 404 \r\n\r\n",
            "HTTP/1.0 404\r\n\r\n",
        ] {
            let parts = read(&Bytes::from(head), 404, false).unwrap();
            assert_eq!((parts.status.as_u16(), parts.version), (404, Version::HTTP_10));
            assert!(parts.extensions.get::<ReasonPhrase>().is_none(), "{head:?}");
        }
    }
}
