//! Logins that hold for a connection and not for a request: NTLM, Negotiate (RFC 4559) and Kerberos. Whatever is sent
//! on such a connection afterwards is answered as for the user who logged in, so nobody else may send on it.

use http::HeaderMap;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

/// Their names, in lower case.
const SCHEMES: [&[u8]; 3] = [b"ntlm", b"negotiate", b"kerberos"];

/// Marks an answer in whose place an HTTP/2 stream is reset with `HTTP_1_1_REQUIRED` (RFC 9113 §7): many requests share
/// such a connection, so that no login can belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Http11Required;

/// Which kinds of login an answer asks for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// One that holds for the connection.
    pub connection: bool,
    /// Others: `Basic`, `Bearer`.
    pub others: bool,
}

/// Whether a request logs its connection in. A name that only begins like one of the schemes counts as well: a server
/// may be as lenient.
pub fn is_sent(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    values.any(|value| {
        let value = value.as_bytes();
        SCHEMES.iter().any(|scheme| {
            let front = value.get(..scheme.len());
            front.is_some_and(|front| front.eq_ignore_ascii_case(scheme))
        })
    })
}

/// What the challenges of an answer offer (RFC 9110 §11.6.1).
pub fn offered(headers: &HeaderMap) -> Offer {
    let mut offer = Offer::default();
    for line in headers.get_all(WWW_AUTHENTICATE) {
        let mut quoted = false;
        let elements = line.as_bytes().split(|octet| {
            quoted ^= *octet == b'"';
            *octet == b',' && !quoted
        });
        for scheme in elements.filter_map(scheme) {
            let connection = SCHEMES.iter().any(|one| scheme.eq_ignore_ascii_case(one));
            offer.connection |= connection;
            offer.others |= !connection;
        }
    }
    offer
}

/// The scheme with which an element of a list of challenges begins; none where it is a further parameter of the last.
fn scheme(element: &[u8]) -> Option<&[u8]> {
    let element = element.trim_ascii();
    let end = element
        .iter()
        .position(|octet| matches!(octet, b' ' | b'\t' | b'='));
    let (name, rest) = element.split_at(end.unwrap_or(element.len()));
    let is_parameter = rest.trim_ascii_start().first() == Some(&b'=');
    (!name.is_empty() && !is_parameter).then_some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn sent(value: &'static str) -> bool {
        is_sent(&HeaderMap::from_iter([(
            AUTHORIZATION,
            HeaderValue::from_static(value),
        )]))
    }

    fn challenge(lines: &[&'static str]) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(line));
        }
        let Offer { connection, others } = offered(&headers);
        (connection, others)
    }

    #[test]
    fn logins_of_connections_are_known_in_any_case() {
        for login in [
            "NTLM TlRMTVNTUAAB",
            "ntlm x",
            "Negotiate YII=",
            "KERBEROS x",
            "Negotiate\tx",
        ] {
            assert!(sent(login), "{login}");
        }
        for other in ["Basic TlRMTVNTUAAB", "Bearer ntlm", "NTL x", ""] {
            assert!(!sent(other), "{other}");
        }
    }

    #[test]
    fn any_of_several_lines_counts() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Negotiate YII="));
        assert!(is_sent(&headers));
    }

    #[test]
    fn challenges_are_told_apart() {
        assert_eq!(challenge(&["NTLM"]), (true, false));
        assert_eq!(challenge(&["Negotiate", "NTLM TlRM=="]), (true, false));
        assert_eq!(challenge(&["Negotiate, ntlm"]), (true, false));
        assert_eq!(
            challenge(&["Basic realm=\"NTLM, x\", charset=\"UTF-8\""]),
            (false, true)
        );
        assert_eq!(challenge(&["Basic realm = \"a\", Negotiate"]), (true, true));
        assert_eq!(challenge(&["Bearer", "NTLM"]), (true, true));
        assert_eq!(challenge(&[]), (false, false));
        assert_eq!(challenge(&[", ,"]), (false, false));
    }
}
