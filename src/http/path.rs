//! The normal form of a path, in which routes are matched. What is forwarded is the path as received.
//! It never climbs above the root. `;parameters` of a segment are left as they are; what a backend that drops them
//! takes the path for is told by [`readings`](crate::http::readings).

use std::borrow::Cow;

/// Percent-decodes once, drops dot segments (RFC 3986 §5.2.4) and merges slashes; the result starts with `/`.
///
/// All octets are decoded, `%2F` becomes a separator like any other, since most backends see it as one. An
/// invalid escape stays as written, bytes that are not UTF-8 become U+FFFD, `\` stays. Borrowed if nothing changes.
/// Applied twice it would decode twice: `%252e` is `%2e`, and only that.
pub fn normal_form(path: &str) -> Cow<'_, str> {
    if is_normal(path.as_bytes()) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(normalise(path.as_bytes()))
    }
}

fn is_normal(path: &[u8]) -> bool {
    if path.first() != Some(&b'/') {
        return false;
    }
    let mut after_slash = false;
    for (at, byte) in path.iter().enumerate() {
        match byte {
            b'%' => return false,
            b'/' if after_slash => return false,
            b'.' if after_slash && is_dot_segment(path.get(at..).unwrap_or_default()) => return false,
            _ => {}
        }
        after_slash = *byte == b'/';
    }
    true
}

/// Whether a path as received has the segments of its normal form, one by one, for whoever reads it: none of them is
/// empty (but the last), is a dot segment or holds a separator, once decoded. `\` counts as a separator, since
/// browsers and Windows servers take it for one, and `..;x` as a dot segment, since Java servlets do.
pub fn has_plain_segments(path: &str) -> bool {
    let simple = |path: &str| is_normal(path.as_bytes()) && !path.contains(['\\', ';']);
    simple(path) || path.starts_with('/') && has_plain_escapes(path)
}

#[cold]
fn has_plain_escapes(path: &str) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let holds_separator = |segment: &str| decode(segment.as_bytes()).iter().any(is_separator);
    has_no_dot_segments(path) && !path.split('/').any(holds_separator)
}

/// Whether no segment of a path as received is empty (but the last), or is or holds a dot segment once decoded. Escaped
/// separators (`%2F`) may stand in it.
pub fn has_no_dot_segments(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let decoded = decode(segment.as_bytes());
        let is_dots = |name: &[u8]| {
            let name = name.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        };
        let empty = decoded.is_empty() && segments.peek().is_some();
        if empty || decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dots) {
            return false;
        }
    }
    true
}

/// Whether the first segment of what is left is `.` or `..`.
fn is_dot_segment(rest: &[u8]) -> bool {
    matches!(rest, b"." | b".." | [b'.', b'/', ..] | [b'.', b'.', b'/', ..])
}

#[cold]
fn normalise(path: &[u8]) -> String {
    tidy(&decode(path))
}

/// Drops dot segments and merges slashes of a path that is decoded.
pub(super) fn tidy(decoded: &[u8]) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(decoded.len() + 1);
    let mut segments = decoded.split(|byte| *byte == b'/').peekable();
    let mut open = false;
    while let Some(segment) = segments.next() {
        // A path that ends in a slash or a dot segment names a directory, and keeps its final slash.
        open = segments.peek().is_none() && matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => out.truncate(out.iter().rposition(|byte| *byte == b'/').unwrap_or(0)),
            _ => {
                out.push(b'/');
                out.extend_from_slice(segment);
            }
        }
    }
    if open || out.is_empty() {
        out.push(b'/');
    }
    String::from_utf8(out).unwrap_or_else(|raw| String::from_utf8_lossy(raw.as_bytes()).into_owned())
}

/// Undoes percent-escapes, once.
pub(super) fn decode(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        let escaped = match (byte, tail) {
            (b'%', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(h, l)| (h << 4 | l, after)),
            _ => None,
        };
        let (byte, tail) = escaped.unwrap_or((*byte, tail));
        out.push(byte);
        rest = tail;
    }
    out
}

/// How often escapes are undone at most: `%25252561` is somebody's joke.
const ROUNDS: usize = 4;

/// Undoes percent-escapes, and those that come to light.
pub(super) fn decode_fully(path: &[u8]) -> Vec<u8> {
    (0..ROUNDS).fold(path.to_vec(), |path, _| decode(&path))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gives_one_form_to_many_spellings() {
        for (path, form) in [
            ("/", "/"),
            ("", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("a", "/a"),
            ("//a///b//", "/a/b/"),
            ("/./a/./b/.", "/a/b/"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
            ("/../../etc", "/etc"),
            ("/a//../b", "/b"),
            ("/%61dmin", "/admin"),
            ("/x/%2e%2E/admin", "/admin"),
            ("/x%2F..%2fadmin", "/admin"),
            ("/%252e%252e/a", "/%2e%2e/a"),
            ("/100%", "/100%"),
            ("/%zz%4", "/%zz%4"),
            ("/%ff", "/\u{fffd}"),
            ("/a%00b", "/a\0b"),
            ("/a\\..\\b", "/a\\..\\b"),
            ("/.../.a/a./..b", "/.../.a/a./..b"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a;x=1/b", "/a;x=1/b"),
        ] {
            assert_eq!(normal_form(path), form, "{path}");
        }
    }

    #[test]
    fn segments_that_two_readers_cut_up_differently_are_not_plain() {
        for path in [
            "/",
            "/a/b/",
            "/a%20b/%25/c",
            "/a;x=1/b",
            "/%c3%a9/...",
            "/a%2eb",
            "/100%",
        ] {
            assert!(has_plain_segments(path), "{path}");
        }
        for path in [
            "",
            "//a",
            "/a//b",
            "/./a",
            "/a/..",
            "/a/%2e%2E/b",
            "/a%2fb",
            "/a\\b",
            "/a%5Cb",
            "/a/..;/b",
            "/.;x",
            "/a%2Fy//z",
        ] {
            assert!(!has_plain_segments(path), "{path}");
        }
    }

    #[test]
    fn borrows_what_is_normal_already() {
        for path in ["/", "/a", "/a/", "/.well-known/acme", "/a.b/..c/...", "/é"] {
            assert!(matches!(normal_form(path), Cow::Borrowed(_)), "{path}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn never_leaves_the_root(path in "(/|\\.|%2e|%2F|%5c|%25|%|a|2|e|F|\\PC){0,24}") {
            let form = normal_form(&path);
            prop_assert!(form.starts_with('/'));
            prop_assert!(!form.contains("//"));
            prop_assert!(form.split('/').all(|segment| segment != "." && segment != ".."));
            if !form.contains('%') {
                prop_assert!(matches!(normal_form(&form), Cow::Borrowed(_)));
            }
        }

        #[test]
        fn plain_segments_are_those_of_the_normal_form(path in "/(/|\\.|%2e|%2F|%5c|%25|;|%|a|2|e|F|é){0,24}") {
            let decoded = |segment: &str| String::from_utf8_lossy(&decode(segment.as_bytes())).into_owned();
            let received: Vec<_> = path.split('/').map(decoded).collect();
            if has_plain_segments(&path) {
                prop_assert!(normal_form(&path).split('/').eq(received.iter().map(String::as_str)));
            }
        }

        #[test]
        fn the_quick_look_agrees_with_the_slow_way(path in "/?((/|\\.|a|b){0,12})") {
            prop_assert_eq!(normal_form(&path).into_owned(), normalise(path.as_bytes()));
        }
    }
}
