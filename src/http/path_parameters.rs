//! `;parameters` of path segments (RFC 3986 §3.3): servlets write session ids there, `/login.jsp;jsessionid=1A`. Where the
//! policy says that the application ignores them, routes are matched without them; what is forwarded is the path as received.

use crate::http::path::decode_fully;

/// A path without the parameters of its segments. None where it has none, or where leaving them out could hide
/// something: behind a dot segment or an empty one (but the last), or with a separator in them. What `..;` means differs
/// from server to server.
pub fn without(path: &str) -> Option<String> {
    if !path.contains(';') {
        return None;
    }
    let mut out = String::with_capacity(path.len());
    let mut segments = path.split('/').peekable();
    let mut first = true;
    while let Some(segment) = segments.next() {
        let (name, parameters) = match segment.split_once(';') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (segment, None),
        };
        if parameters.is_some_and(|parameters| !is_plain(name, parameters, segments.peek().is_none())) {
            return None;
        }
        if !std::mem::take(&mut first) {
            out.push('/');
        }
        out.push_str(name);
    }
    Some(out)
}

fn is_plain(name: &str, parameters: &str, last: bool) -> bool {
    let name = decode_fully(name.as_bytes());
    let parameters = decode_fully(parameters.as_bytes());
    let dots_or_nothing = matches!(&*name, b"" | b"." | b"..");
    let named = !dots_or_nothing || name.is_empty() && last;
    named
        && !parameters.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
        && std::str::from_utf8(&parameters).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::path::normal_form;
    use crate::http::readings;

    #[test]
    fn parameters_of_named_segments_are_left_out() {
        for (path, without_them) in [
            ("/login.jsp;jsessionid=1A2B", "/login.jsp"),
            ("/a;v=1/b;w=2;x/c", "/a/b/c"),
            ("/a;/b", "/a/b"),
            ("/;jsessionid=1A", "/"),
            ("/app/;jsessionid=1A", "/app/"),
            ("/a;x=%20%c3%a9", "/a"),
            ("/%61;x", "/%61"),
            ("/a%2Fb;x", "/a%2Fb"),
        ] {
            assert_eq!(without(path).as_deref(), Some(without_them), "{path}");
        }
    }

    #[test]
    fn what_could_hide_something_is_no_parameter() {
        for path in [
            "/plain",
            "/a%3bx",
            "/shop/..;/admin",
            "/shop/..;x=1/admin",
            "/shop/%2e%2E;/admin",
            "/shop/%252e%252e;/admin",
            "/shop/.;/admin",
            "/;x/admin",
            "/shop/a;x=%2f..%2fadmin",
            "/shop/a;x=%252f..%252fadmin",
            "/shop/a;%5c..%5cadmin",
            "/shop/a;\\..\\admin",
            "/shop/a;%c0%af",
            "/shop/a;%00",
            "/shop/..;%2fadmin",
        ] {
            assert_eq!(without(path), None, "{path}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

        /// Whoever drops parameters, before or after decoding, sees the path that is matched, or one of its readings.
        #[test]
        fn all_who_ignore_parameters_see_what_is_matched(path in "/(/|\\.|%2e|%2F|%5c|%25|%3b|;|\\\\|%|a|b|2|e|F|é){0,24}") {
            if let Some(matched) = without(&path) {
                let mut known = vec![normal_form(&matched).into_owned()];
                known.extend(readings::others(&matched).unwrap_or_default());
                for other in readings::others(&path).unwrap_or_default() {
                    let drops = !other.contains(';');
                    prop_assert!(!drops || known.contains(&other), "{path}: {other} is none of {known:?}");
                }
            }
        }
    }
}
