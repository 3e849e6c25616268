//! A request as it goes out: what it asks for, and its lines in their order. Nothing looks a line up on the way, so
//! they are a list: what is written anew for each request is not hashed, only to be read from first to last.

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body::Body as _;

use crate::http::body::Body;
use crate::http::upgrade::Handshake;

/// A request to a server.
#[derive(Debug)]
pub struct Message {
    /// What is done.
    pub method: Method,
    /// To what: a whole URI would let it choose another host than the one routed by (RFC 9112 §3.2.2).
    pub target: PathAndQuery,
    /// `Host` and the other fields, nothing hop-by-hop among them.
    pub lines: Lines,
    /// What is sent with it.
    pub body: Body,
    /// That it asks for a WebSocket: only then may the answer be a 101.
    pub handshake: Option<Arc<Handshake>>,
}

/// Field lines, in the order in which they are written.
#[derive(Debug, Default, Clone)]
pub struct Lines(Vec<(HeaderName, HeaderValue)>);

impl Message {
    /// A message without any lines yet.
    pub fn new(method: Method, target: PathAndQuery, body: Body) -> Self {
        Self {
            method,
            target,
            lines: Lines::default(),
            body,
            handshake: None,
        }
    }

    /// Whether to do it twice is to do it once (RFC 9110 §9.2.2), and no part of it is gone after the first time:
    /// then a body would be.
    pub fn is_repeatable(&self) -> bool {
        let method = &self.method;
        let idempotent = method.is_safe() || *method == Method::PUT || *method == Method::DELETE;
        idempotent && matches!(self.body, Body::Empty)
    }

    /// Tells the length of the body, if it is known and not told yet.
    pub fn tell_length(&mut self) {
        let known = self.body.size_hint().exact();
        if let Some(length) = known.filter(|_| !self.tells_length()) {
            self.lines.push(header::CONTENT_LENGTH, length.into());
        }
    }

    /// Whether a field tells the length of the body.
    pub fn tells_length(&self) -> bool {
        self.lines.all(&header::CONTENT_LENGTH).next().is_some()
    }
}

impl Lines {
    /// Room for so many.
    pub fn with_capacity(lines: usize) -> Self {
        Self(Vec::with_capacity(lines))
    }

    /// One more line, beside those of its name.
    pub fn push(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// The values of one name.
    pub fn all(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.iter()
            .filter(move |(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// All lines.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Hands the lines to whoever must look up names to change them, at the price of a map made and taken apart.
    pub fn edit(&mut self, edit: impl FnOnce(&mut HeaderMap)) {
        let mut map = std::mem::take(self).into();
        edit(&mut map);
        *self = map.into();
    }
}

impl From<Lines> for HeaderMap {
    fn from(lines: Lines) -> Self {
        let mut map = Self::with_capacity(lines.0.len());
        for (name, value) in lines.0 {
            map.append(name, value);
        }
        map
    }
}

impl From<HeaderMap> for Lines {
    fn from(map: HeaderMap) -> Self {
        let mut lines = Self::with_capacity(map.len());
        let mut present: Option<HeaderName> = None;
        for (name, value) in map {
            // A repeated field has its name on the first of its lines only.
            present = name.or(present);
            if let Some(name) = &present {
                lines.push(name.clone(), value);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, COOKIE, HOST};

    use super::*;

    fn lines(lines: &[(HeaderName, &'static str)]) -> Lines {
        let lines = lines.iter();
        Lines(
            lines
                .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
                .collect(),
        )
    }

    fn shown(lines: &Lines) -> Vec<String> {
        let shown = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {value:?}");
        lines.iter().map(shown).collect()
    }

    #[test]
    fn lines_stay_in_order_through_an_edit_and_those_of_one_name_together() {
        let mut sent = lines(&[(HOST, "a"), (COOKIE, "1"), (COOKIE, "2"), (ACCEPT, "*/*")]);
        sent.edit(|map| {
            map.insert("x-a", HeaderValue::from_static("b"));
        });
        let expected = [
            "host: \"a\"",
            "cookie: \"1\"",
            "cookie: \"2\"",
            "accept: \"*/*\"",
            "x-a: \"b\"",
        ];
        assert_eq!(shown(&sent), expected);
    }

    #[test]
    fn all_lines_of_a_name_are_found() {
        let sent = lines(&[(COOKIE, "1"), (HOST, "a"), (COOKIE, "2")]);
        assert_eq!(sent.all(&COOKIE).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(sent.all(&ACCEPT).count(), 0);
    }
}
