//! `request_headers` and `response_headers`: what the operator writes and takes off. Values are finished or cut
//! into pieces when the policy is compiled; nothing is looked up by name when a request comes. Which names are
//! the gateway's own is judged there too, so nothing here asks.

use std::fmt::Write;
use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::http::client::Caller;
use crate::http::exchange::{Exchange, Response};
use crate::http::host;
use crate::layers::Edit;

mod describe;

/// The edits of one side, in the order in which they are done.
#[derive(Debug, Default)]
pub struct HeaderEdits {
    /// Taken off.
    pub remove: Vec<HeaderName>,
    /// Written in place of all there are; the first line of each.
    pub set: Vec<(HeaderName, Value)>,
    /// Written beside what is there.
    pub add: Vec<(HeaderName, Value)>,
    /// Written where there was none before; several lines of one name stand next to each other.
    pub if_missing: Vec<(HeaderName, Value)>,
    /// Whether some value holds [`Piece::Host`].
    pub tells_host: bool,
}

/// A header's value.
#[derive(Debug, Clone)]
pub enum Value {
    /// The same for all requests.
    Fixed(HeaderValue),
    /// Made for each.
    Filled(Box<[Piece]>),
}

/// A piece of a value.
#[derive(Debug, Clone)]
pub enum Piece {
    /// As written in the policy.
    Text(HeaderValue),
    /// The client's address.
    ClientIp,
    /// The request id.
    RequestId,
    /// The host asked for, without its port.
    Host,
}

/// What values are filled with.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The client's address.
    pub client: IpAddr,
    /// The request id.
    pub request_id: &'a HeaderValue,
    /// The host asked for, without its port.
    pub host: Option<&'a str>,
}

impl HeaderEdits {
    /// Edits the headers of an answer.
    pub fn apply(&self, headers: &mut HeaderMap, facts: Facts<'_>) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.fill(facts));
        }
        for (name, value) in &self.add {
            headers.append(name, value.fill(facts));
        }
        let mut missing = None;
        for (name, value) in &self.if_missing {
            if missing == Some(name) || !headers.contains_key(name) {
                missing = Some(name);
                headers.append(name, value.fill(facts));
            }
        }
    }

    /// Edits the headers of a request. What is removed or set goes in every spelling: CGI and WSGI give
    /// `X_User` and `X-User` to the application as one, so the client's would stand in for ours.
    pub fn apply_to_request(&self, headers: &mut HeaderMap, facts: Facts<'_>) {
        if headers.keys().any(|name| name.as_str().contains('_')) {
            self.remove_other_spellings(headers);
        }
        self.apply(headers, facts);
    }

    #[cold]
    fn remove_other_spellings(&self, headers: &mut HeaderMap) {
        let replaced = || self.remove.iter().chain(self.set.iter().map(|(name, _)| name));
        let is_one = |name: &&HeaderName| replaced().any(|other| *name != other && is_same(name, other));
        let gone: Vec<HeaderName> = headers.keys().filter(is_one).cloned().collect();
        for name in &gone {
            headers.remove(name);
        }
    }
}

/// Whether two names are one to an application that knows `_` only.
fn is_same(one: &HeaderName, other: &HeaderName) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    one.as_str()
        .bytes()
        .map(plain)
        .eq(other.as_str().bytes().map(plain))
}

impl Edit for HeaderEdits {
    type Note = Option<Box<str>>;

    fn before(&self, exchange: &Exchange) -> Self::Note {
        if !self.tells_host {
            return None;
        }
        let head = &exchange.head;
        host_of(&exchange.client, &head.uri, head.headers.get(header::HOST)).map(Into::into)
    }

    fn after(&self, host: Self::Note, exchange: &Exchange, response: &mut Response) {
        let facts = Facts {
            client: exchange.client.ip,
            request_id: &exchange.request_id,
            host: host.as_deref(),
        };
        self.apply(response.headers_mut(), facts);
    }
}

impl Value {
    fn fill(&self, facts: Facts<'_>) -> HeaderValue {
        let pieces = match self {
            Self::Fixed(value) => return value.clone(),
            Self::Filled(pieces) => pieces,
        };
        let mut text = BytesMut::with_capacity(64);
        for piece in pieces {
            match piece {
                Piece::Text(written) => text.put(written.as_bytes()),
                Piece::ClientIp => write!(text, "{}", facts.client).expect("a growing buffer takes any text"),
                Piece::RequestId => text.put(facts.request_id.as_bytes()),
                Piece::Host => text.put(facts.host.unwrap_or_default().as_bytes()),
            }
        }
        HeaderValue::from_maybe_shared(text.freeze()).expect("each piece is a part of a header value")
    }
}

/// The host the client asked for, without its port, in lower case: what a trusted proxy says, else the authority of
/// the request, which `named` is the `Host` header of.
pub fn host_of(client: &Caller, target: &Uri, named: Option<&HeaderValue>) -> Option<String> {
    let forwarded = client.host.as_ref().map(HeaderValue::as_bytes);
    let target = || target.authority().map(|authority| authority.as_str().as_bytes());
    let value = forwarded
        .or_else(|| named.map(HeaderValue::as_bytes))
        .or_else(target)?;
    host::parse(value)
        .ok()
        .map(|authority| authority.host.into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::http::body::Body;
    use crate::layers::fixture::{exchange, with};

    fn name(text: &'static str) -> HeaderName {
        HeaderName::from_static(text)
    }

    fn fixed(text: &'static str) -> Value {
        Value::Fixed(HeaderValue::from_static(text))
    }

    fn edited(edits: &HeaderEdits, host: &'static str, own: &[(&'static str, &'static str)]) -> HeaderMap {
        let request = with(exchange("GET", "/"), "host", host);
        let mut response = Response::new(Body::Empty);
        for (name, value) in own {
            response
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        edits.after(edits.before(&request), &request, &mut response);
        response.headers().clone()
    }

    #[test]
    fn removes_then_sets_then_adds_then_fills_gaps() {
        let edits = HeaderEdits {
            remove: vec![name("x-a"), name("x-d")],
            set: vec![(name("x-b"), fixed("set"))],
            add: vec![(name("x-b"), fixed("added")), (name("x-c"), fixed("added"))],
            if_missing: vec![
                (name("x-c"), fixed("filled")),
                (name("x-d"), fixed("one")),
                (name("x-d"), fixed("two")),
            ],
            tells_host: false,
        };
        let headers = edited(
            &edits,
            "a",
            &[
                ("x-a", "1"),
                ("x-b", "1"),
                ("x-b", "2"),
                ("x-c", "1"),
                ("x-d", "1"),
            ],
        );
        let all = |name: &str| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        assert!(all("x-a").is_empty());
        assert_eq!(all("x-b"), ["set", "added"]);
        assert_eq!(all("x-c"), ["1", "added"]);
        assert_eq!(all("x-d"), ["one", "two"]);
    }

    #[test]
    fn a_value_is_filled_with_what_is_known_of_the_request() {
        let text = |text: &'static str| Piece::Text(HeaderValue::from_static(text));
        let pieces = [
            Piece::ClientIp,
            text(" on "),
            Piece::Host,
            text(" as "),
            Piece::RequestId,
        ];
        let edits = HeaderEdits {
            set: vec![(name("x-way"), Value::Filled(pieces.into()))],
            tells_host: true,
            ..HeaderEdits::default()
        };
        let way = |host| edited(&edits, host, &[])["x-way"].clone();
        assert_eq!(way("Shop.test:8080"), "192.0.2.1 on shop.test as test-request-id");
        assert_eq!(
            way("a/b"),
            "192.0.2.1 on  as test-request-id",
            "a host that is none"
        );
    }

    #[test]
    fn a_clients_header_in_another_spelling_does_not_stand_in_for_ours() {
        let edits = HeaderEdits {
            remove: vec![name("x-role")],
            set: vec![(name("x-user"), fixed("nobody"))],
            ..HeaderEdits::default()
        };
        let mut headers = HeaderMap::new();
        for spelling in ["x_user", "x-user", "x_role", "x_other"] {
            headers.insert(name(spelling), HeaderValue::from_static("admin"));
        }
        let id = HeaderValue::from_static("id");
        let facts = Facts {
            client: IpAddr::from([192, 0, 2, 1]),
            request_id: &id,
            host: None,
        };
        edits.apply_to_request(&mut headers, facts);
        assert_eq!(headers["x-user"], "nobody");
        assert_eq!(headers["x_other"], "admin");
        assert_eq!(headers.len(), 2);
    }
}
