//! Templates over a route's path: the names in `match.path`, and the address of a `redirect`.

use http::StatusCode;

use crate::gateway::router::PathPattern;
use crate::http::host;
use crate::http::template::{self, Part};
use crate::layers::redirect::{Piece, Redirect};
use crate::layers::rewrite;
use crate::policy::problem::At;
use crate::policy::{self, suggest};

/// Stands for a piece of the path in a skeleton: no address holds it.
const CAPTURED: char = '\u{1}';

/// Reads a template; a fault is noted.
pub(super) fn parse(text: &str, at: &At<'_>) -> Option<Vec<Part>> {
    template::parse(text).map_err(|message| at.fault(message)).ok()
}

/// What a name in a template stands for: a segment of the pattern, or what its `/*` took. `also` are further names
/// known there.
pub(super) fn capture(
    name: &str,
    pattern: &PathPattern,
    also: &[&str],
    at: &At<'_>,
) -> Option<rewrite::Piece> {
    let names: Vec<_> = pattern.names().collect();
    let mut places = names.iter().filter(|(_, other)| *other == name);
    let rest = name == "rest" && pattern.is_open();
    match (places.next(), places.next()) {
        (Some((place, _)), None) if !rest => Some(rewrite::Piece::Segment(*place)),
        (None, _) if rest => Some(rewrite::Piece::Rest(pattern.len())),
        (None, _) => {
            let rest = pattern.is_open().then_some("rest");
            let known = names
                .iter()
                .map(|(_, name)| *name)
                .chain(rest)
                .chain(also.iter().copied());
            at.fault(format!("`{{{name}}}` stands for nothing in `{pattern}`"))
                .help(suggest::remedy(
                    name,
                    "names",
                    known.collect::<Vec<_>>().into_iter(),
                ));
            None
        }
        _ => {
            at.fault(format!("`{{{name}}}` stands for two things in `{pattern}`"))
                .help("give each segment in `match.path` its own name; `rest` is what `/*` takes");
            None
        }
    }
}

/// Why a text cannot stand in an address as it is (RFC 3986 §2).
pub(super) fn wrong_sign(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let escaped = || {
            bytes
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        };
        let wrong = match byte {
            b'%' => !escaped(),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => true,
            _ => !byte.is_ascii_graphic(),
        };
        if wrong {
            let sign = text
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .unwrap_or_default();
            return Some(sign.escape_default().to_string());
        }
    }
    None
}

/// Compiles a redirect.
pub(super) fn redirect(table: &policy::Redirect, pattern: &PathPattern, at: &At<'_>) -> Option<Redirect> {
    let at = at.key("to");
    let mut to = Vec::new();
    // The address with something in each place, to see what it comes to.
    let mut skeleton = String::new();
    let mut query_from = usize::MAX;
    for part in parse(&table.to, &at)? {
        let (piece, shown) = match part {
            Part::Text(text) => (Piece::Path(rewrite::Piece::Text(text.as_str().into())), text),
            Part::Slot(name) => match name.as_str() {
                "path" => (Piece::WholePath, "/p".to_owned()),
                "query" => (Piece::Query, "?q".to_owned()),
                "host" => (Piece::Host, "h".to_owned()),
                name => {
                    let piece = capture(name, pattern, &["path", "query", "host"], &at)?;
                    (Piece::Path(piece), CAPTURED.to_string())
                }
            },
        };
        skeleton.push_str(&shown);
        to.push(piece);
        if shown.contains('?') {
            query_from = query_from.min(to.len());
        }
    }
    if let Some((message, remedy)) = wrong_address(&skeleton) {
        at.fault(message).help(remedy);
        return None;
    }
    Some(Redirect {
        status: StatusCode::from_u16(table.status).ok()?,
        to,
        query_from,
    })
}

/// What is wrong with an address, and the remedy.
fn wrong_address(skeleton: &str) -> Option<(String, &'static str)> {
    let said = |message: &str, remedy| Some((message.to_owned(), remedy));
    if let Some(sign) = wrong_sign(&skeleton.replace(CAPTURED, "x")) {
        return Some((
            format!("`{sign}` cannot stand in an address"),
            "write it percent-encoded, such as `%20` for a space",
        ));
    }
    let path = match ["https://", "http://"]
        .iter()
        .find_map(|scheme| skeleton.strip_prefix(scheme))
    {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            if authority.contains(CAPTURED) {
                return said(
                    "a piece of the path would say which host the client is sent to",
                    "write the host out, or `{host}` for the one it asked for, and a slash after it",
                );
            }
            if host::parse(authority.as_bytes()).is_err() {
                return said(
                    "there is no host in this address",
                    "write \"https://www.example.com{path}\"",
                );
            }
            path
        }
        None if skeleton.starts_with('/') => skeleton,
        None => {
            return said(
                "this is no address",
                "write \"https://www.example.com{path}\", or a path that starts with a slash",
            );
        }
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path.contains("//") {
        return said(
            "there are two slashes in a row",
            "write one; `{path}` brings its own",
        );
    }
    if query.contains('?') {
        return said(
            "there are two question marks",
            "write one; `{query}` brings its own, and ends the address",
        );
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn wrong(skeleton: &str) -> Option<String> {
        wrong_address(skeleton).map(|(message, _)| message)
    }

    #[test]
    fn addresses_whose_host_is_the_operators_are_right() {
        for right in [
            "/",
            "/new",
            "/new\u{1}",
            "/p?q",
            "https://h/p?q",
            "https://www.h:8443/p",
            "http://a.test?q",
            "https://a.test",
            "https://a.test/\u{1}#top",
            "/x?next=/p",
            "/100%25",
            "https://[2001:db8::1]/p",
        ] {
            assert_eq!(wrong(right), None, "{right}");
        }
    }

    #[test]
    fn no_piece_of_the_path_is_a_host() {
        for open in [
            "https://\u{1}",
            "https://a.test\u{1}",
            "http://\u{1}.a.test/p",
            "https://a.test:\u{1}/",
        ] {
            assert!(wrong(open).unwrap().contains("which host"), "{open}");
        }
        for other in [
            "//evil.test",
            "\u{1}",
            "a.test/p",
            "ftp://a.test",
            "javascript:x",
            "",
            "https:///p",
        ] {
            assert!(wrong(other).is_some(), "{other}");
        }
        for twice in ["/x//p", "https://h//p", "/x?a=b?q"] {
            assert!(wrong(twice).unwrap().contains("two"), "{twice}");
        }
        for sign in ["/a b", "/é", "/a\\b", "/50%", "/a\n"] {
            assert!(wrong(sign).unwrap().contains("cannot stand"), "{sign}");
        }
    }
}
