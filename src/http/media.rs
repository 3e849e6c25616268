//! Media types of answers that stay open on purpose: the application sends when it has something to say. gRPC is
//! told by its own rule.

/// What such an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Server-sent events (WHATWG HTML §9.2).
    Events,
    /// One JSON document after the other, each ended by a line feed.
    Lines,
    /// Parts between boundaries (RFC 2046 §5.1): GraphQL's incremental delivery, pictures of a camera.
    Parts,
}

/// The first is told first, as it is the most frequent. JSON Lines has four names in use, of which RFC 7464 alone is a
/// standard; readers of all of them take each line as it comes.
const STREAMS: [(&[u8], Stream); 8] = [
    (b"text/event-stream", Stream::Events),
    (b"application/x-ndjson", Stream::Lines),
    (b"application/ndjson", Stream::Lines),
    (b"application/jsonl", Stream::Lines),
    (b"application/json-seq", Stream::Lines),
    (b"application/stream+json", Stream::Lines),
    (b"multipart/mixed", Stream::Parts),
    (b"multipart/x-mixed-replace", Stream::Parts),
];

/// The type of a `Content-Type` without its parameters, in the case it was written in.
pub fn essence(content_type: &[u8]) -> &[u8] {
    let end = content_type.iter().position(|octet| *octet == b';');
    let (kind, _parameters) = content_type.split_at(end.unwrap_or(content_type.len()));
    kind.trim_ascii()
}

/// The stream that an answer with this `Content-Type` is, if it is one.
pub fn stream(content_type: &[u8]) -> Option<Stream> {
    let kind = essence(content_type);
    let known = STREAMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind))?;
    Some(known.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_without_its_parameters_and_in_any_case() {
        for (written, expected) in [
            ("text/event-stream", Some(Stream::Events)),
            ("Text/Event-Stream; charset=utf-8", Some(Stream::Events)),
            ("application/x-ndjson", Some(Stream::Lines)),
            ("application/stream+json ;x=y", Some(Stream::Lines)),
            ("multipart/mixed;boundary=\"-\"", Some(Stream::Parts)),
            ("multipart/x-mixed-replace; boundary=frame", Some(Stream::Parts)),
            ("multipart/form-data; boundary=x", None),
            ("application/json", None),
            ("text/event-streams", None),
            ("", None),
        ] {
            assert_eq!(stream(written.as_bytes()), expected, "{written}");
        }
    }
}
