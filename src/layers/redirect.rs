//! `redirect`: the client is sent elsewhere. Where to is the policy's word: the host is written there or is the one
//! the client asked for, never a piece of the path, so that no link leads from here to a stranger's page.

use bytes::{BufMut, BytesMut};
use http::{HeaderValue, StatusCode, header};

use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::host::HostFault;
use crate::http::path::has_plain_segments;
use crate::http::refusal::Refusal;
use crate::layers::Describe;
use crate::layers::header_edits::host_of;
use crate::layers::rewrite;

/// A redirect of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    /// Where to.
    pub to: Vec<Piece>,
    /// From which piece on they stand in the query.
    pub query_from: usize,
}

/// A piece of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Of the policy, or of the path as received.
    Path(rewrite::Piece),
    /// The whole path as received.
    WholePath,
    /// The query as received, with its question mark; nothing if there is none.
    Query,
    /// The host asked for, without its port.
    Host,
}

impl Redirect {
    /// The answer; refused where the path can be read in two ways, or no host was asked for.
    pub fn answer(&self, exchange: &Exchange) -> Result<Response, Refusal> {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(header::LOCATION, self.location(exchange)?);
        Ok(response)
    }

    fn location(&self, exchange: &Exchange) -> Result<HeaderValue, Refusal> {
        let uri = &exchange.head.uri;
        let mut out = BytesMut::with_capacity(128);
        for (at, piece) in self.to.iter().enumerate() {
            let quoted = if at < self.query_from { "" } else { "&=+;" };
            match piece {
                Piece::Path(rewrite::Piece::Text(text)) => out.put(text.as_bytes()),
                Piece::Path(piece) => put(piece.of(plain(uri.path())?), quoted, &mut out),
                Piece::WholePath => put(plain(uri.path())?, quoted, &mut out),
                Piece::Query => {
                    if let Some(query) = uri.query() {
                        out.put_u8(b'?');
                        put(query, "", &mut out);
                    }
                }
                Piece::Host => {
                    let host = host_of(
                        &exchange.client,
                        &exchange.head.uri,
                        exchange.head.headers.get(header::HOST),
                    );
                    let missing = Refusal::HostInvalid(HostFault::Missing);
                    out.put(host.ok_or(missing)?.as_bytes());
                }
            }
        }
        // `//host` is an address of its own (RFC 3986 §4.2).
        if out.starts_with(b"//") {
            return Err(Refusal::TargetAmbiguous);
        }
        HeaderValue::from_maybe_shared(out.freeze()).map_err(|_| Refusal::TargetInvalid)
    }
}

/// The path, if it has one meaning: `//evil.example` and `/\evil.example` are paths to us and hosts to a browser.
fn plain(path: &str) -> Result<&str, Refusal> {
    if has_plain_segments(path) {
        Ok(path)
    } else {
        Err(Refusal::TargetAmbiguous)
    }
}

/// What no address holds is escaped (RFC 3986 §2): the HTTP parser lets more pass than a page may link to. So is what
/// is `quoted`: a path in the value of a parameter must not add another one.
fn put(received: &str, quoted: &str, out: &mut BytesMut) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in received.bytes() {
        let odd = matches!(
            byte,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0..=0x20 | 0x7f..
        );
        if odd || quoted.as_bytes().contains(&byte) {
            let digit = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or(b'0');
            out.put([b'%', digit(byte >> 4), digit(byte & 15)].as_slice());
        } else {
            out.put_u8(byte);
        }
    }
}

impl Describe for Redirect {
    fn describe(&self) -> Vec<String> {
        let pieces = self.to.iter().map(|piece| match piece {
            Piece::Path(piece) => piece.to_string(),
            Piece::WholePath => "{path}".to_owned(),
            Piece::Query => "{query}".to_owned(),
            Piece::Host => "{host}".to_owned(),
        });
        vec![format!(
            "redirects with {} to {}",
            self.status.as_u16(),
            pieces.collect::<String>()
        )]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::layers::fixture::{exchange, with};

    fn text(text: &str) -> Piece {
        Piece::Path(rewrite::Piece::Text(text.into()))
    }

    fn located(to: Vec<Piece>, target: &str) -> Result<String, Refusal> {
        let status = StatusCode::PERMANENT_REDIRECT;
        let request = with(exchange("GET", target), "host", "Shop.test:8080");
        let query_from = to.iter().position(|piece| *piece == text("?next=")).unwrap_or(9);
        let response = Redirect {
            status,
            to,
            query_from,
        }
        .answer(&request)?;
        assert_eq!(response.status(), 308);
        Ok(response.headers()["location"].to_str().unwrap().to_owned())
    }

    #[test]
    fn fills_in_path_query_and_host() {
        let whole = || vec![text("https://"), Piece::Host, Piece::WholePath, Piece::Query];
        assert_eq!(
            located(whole(), "/a/b?c=d&e").unwrap(),
            "https://shop.test/a/b?c=d&e"
        );
        assert_eq!(located(whole(), "/").unwrap(), "https://shop.test/");
        let id = vec![text("/new/"), Piece::Path(rewrite::Piece::Segment(1))];
        assert_eq!(located(id, "/old/7%2B").unwrap(), "/new/7%2B");
    }

    #[test]
    fn no_path_becomes_a_host() {
        let path = || vec![Piece::WholePath];
        let rest = || vec![text("/"), Piece::Path(rewrite::Piece::Rest(1))];
        for target in [
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "/%2fevil.test",
            "/%5cevil.test",
            "/./evil",
        ] {
            assert_eq!(located(path(), target), Err(Refusal::TargetAmbiguous), "{target}");
        }
        for target in ["/go//evil.test", "/go/\\evil.test", "/go/%2Fevil.test"] {
            assert_eq!(located(rest(), target), Err(Refusal::TargetAmbiguous), "{target}");
        }
        assert_eq!(
            located(vec![Piece::WholePath, Piece::WholePath], "/"),
            Err(Refusal::TargetAmbiguous)
        );
    }

    #[test]
    fn what_no_address_holds_is_escaped() {
        let made = located(vec![text("/x"), Piece::Query], "/?a={|}`%20'\\");
        assert_eq!(made.unwrap(), "/x?a=%7B%7C%7D%60%20'%5C");
    }

    #[test]
    fn a_path_in_a_parameter_adds_none() {
        let to = vec![text("/login"), text("?next="), Piece::WholePath];
        assert_eq!(located(to, "/a&admin=1").unwrap(), "/login?next=/a%26admin%3D1");
    }
}
