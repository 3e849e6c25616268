//! `Accept-Encoding` (RFC 9110 §12.5.3), read for the one question asked of it: may this answer be gzipped?
//! It never leads to 406: whoever accepts nothing we have gets the plain bytes.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A weight of 1, in thousandths.
const FULL: u16 = 1000;

/// Whether the client takes gzip, and does not like the plain bytes better. Without the header it does not:
/// clients that say nothing are scripts that would not decode.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    let lines = headers.get_all(ACCEPT_ENCODING).into_iter();
    for element in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')) {
        let mut parts = element.split(|byte| *byte == b';');
        let coding = parts.next().unwrap_or_default().trim_ascii();
        let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
        if is(b"gzip") || is(b"x-gzip") {
            gzip = Some(weight(parts));
        } else if is(b"*") {
            any = Some(weight(parts));
        } else if is(b"identity") {
            identity = Some(weight(parts));
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// The weight among an element's parameters, in thousandths; one that is no weight accepts nothing.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a [u8]>) -> u16 {
    let value = parameters.find_map(|parameter| match parameter.trim_ascii() {
        [b'q' | b'Q', b'=', value @ ..] => Some(value),
        _ => None,
    });
    value.map_or(FULL, |value| thousandths(value).unwrap_or(0))
}

/// `0`, `1`, and up to three decimals (RFC 9110 §12.4.2).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, decimals) = match value {
        [whole] | [whole, b'.'] => (whole, [].as_slice()),
        [whole, b'.', decimals @ ..] => (whole, decimals),
        _ => return None,
    };
    if decimals.len() > 3 || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| u16::from(decimals.get(at).map_or(0, |digit| digit - b'0'));
    let part = digit(0) * 100 + digit(1) * 10 + digit(2);
    match whole {
        b'0' => Some(part),
        b'1' if part == 0 => Some(FULL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn accepts(lines: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        accepts_gzip(&headers)
    }

    #[test]
    fn whoever_names_gzip_takes_it() {
        for line in [
            "gzip",
            "gzip, deflate, br, zstd",
            "br;q=1.0 , GZIP;q=0.8",
            "x-gzip",
            "gzip ; q=0.001",
            "deflate,gzip;Q=1.000",
            "*",
            "br, *;q=0.1",
            "gzip;q=0.5, identity;q=0.5",
            "gzip, identity;q=0",
        ] {
            assert!(accepts(&[line]), "{line}");
        }
        assert!(accepts(&["br", "gzip"]));
    }

    #[test]
    fn whoever_does_not_or_forbids_it_does_not() {
        for line in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0.000, *",
            "*;q=0",
            "gzip;q=0.5, identity",
            "gzip;q=0.2, identity;q=0.3",
            "gzipped",
            "identity;q=0",
        ] {
            assert!(!accepts(&[line]), "{line}");
        }
        assert!(!accepts(&[]));
    }

    #[test]
    fn a_weight_that_is_none_accepts_nothing() {
        for line in [
            "gzip;q=",
            "gzip;q=2",
            "gzip;q=1.5",
            "gzip;q=0.1234",
            "gzip;q=x",
            "gzip;q=-1",
        ] {
            assert!(!accepts(&[line]), "{line}");
        }
    }
}
