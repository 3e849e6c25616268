//! Header names in which `_` stands for `-`. CGI, WSGI and their kin give both to the application as one
//! variable, so a client's `X_User` takes the place of the `X-User` that was vouched for, and `Content_Length` of
//! the length that frames the body. A name that shadows no other passes.

use http::{HeaderMap, HeaderName};

use crate::http::{fields, hop};

/// The longest name that is compared; longer ones shadow nothing that is known here, and are dropped.
const LONGEST: usize = 64;

/// Takes off names with `_` that an application could take for another: one that is there too, or one
/// that says how a message is framed, routed or vouched for.
pub fn drop_shadows(headers: &mut HeaderMap) {
    if headers
        .keys()
        .any(|name| name.as_str().as_bytes().contains(&b'_'))
    {
        drop_those_of(headers);
    }
}

#[cold]
fn drop_those_of(headers: &mut HeaderMap) {
    let shadows: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_shadow(name.as_str(), headers))
        .cloned()
        .collect();
    if !shadows.is_empty() {
        fields::retain(headers, |name| !shadows.contains(name));
    }
}

fn is_shadow(name: &str, headers: &HeaderMap) -> bool {
    if !name.contains('_') {
        return false;
    }
    if name.len() > LONGEST {
        return true;
    }
    let plain = name.replace('_', "-");
    hop::is_end_to_end(&plain) || hop::is_hop_by_hop(&plain) || {
        let one = |other: &HeaderName| other.as_str() != name && other.as_str().replace('_', "-") == plain;
        headers.keys().any(one)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn left(names: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for name in names {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, "1".parse().unwrap());
        }
        drop_shadows(&mut headers);
        headers.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_of_its_own_passes() {
        assert_eq!(
            left(&["my_header", "accept", "x-other"]),
            ["my_header", "accept", "x-other"]
        );
    }

    #[test]
    fn what_shadows_a_header_that_is_there_goes() {
        assert_eq!(left(&["x_tenant", "x-tenant", "a"]), ["x-tenant", "a"]);
        assert!(
            left(&["x_a-b", "x-a_b"]).is_empty(),
            "of two shadows neither is the real one"
        );
    }

    #[test]
    fn what_shadows_a_header_that_matters_goes_though_that_is_not_there() {
        for name in [
            "content_length",
            "transfer_encoding",
            "content_type",
            "x_forwarded_for",
            "x_real_ip",
            "x_request_id",
            "x-forwarded_proto",
            "x_auth_user",
            "if_none_match",
            "proxy_authorization",
        ] {
            assert!(left(&[name]).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_judged_goes() {
        assert!(left(&[&format!("x_{}", "a".repeat(LONGEST))]).is_empty());
    }
}
