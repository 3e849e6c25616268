//! What gRPC writes into HTTP: how it is told from other requests, its deadline, and how it is told "no". What
//! its messages say is nobody's business here. gRPC-Web is none of it: it is an ordinary request.

use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response as Answer, StatusCode};

use crate::http::body::Body;
use crate::http::exchange::Response;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const APPLICATION_GRPC: &[u8] = b"application/grpc";
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `DEADLINE_EXCEEDED`.
pub const DEADLINE_EXCEEDED: u8 = 4;

/// Whether these are headers of a gRPC call or its answer: `application/grpc`, or `application/grpc+proto`.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    after_grpc(headers).is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

/// Whether this answer is a stream by its type: gRPC, or gRPC-Web.
pub fn is_stream(headers: &HeaderMap) -> bool {
    after_grpc(headers).is_some()
}

fn after_grpc(headers: &HeaderMap) -> Option<&[u8]> {
    let kind = headers.get(CONTENT_TYPE)?.as_bytes();
    let (start, rest) = kind.split_at_checked(APPLICATION_GRPC.len())?;
    start.eq_ignore_ascii_case(APPLICATION_GRPC).then_some(rest)
}

/// How long the client waits for its answer: `grpc-timeout`, up to eight digits and a unit. What is malformed is
/// left to the server, which refuses it.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get(GRPC_TIMEOUT)?.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits
        .iter()
        .fold(0, |count, digit| count * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(count * 3600),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The gRPC status that stands for one of HTTP: what a client makes of it by itself, by the table in gRPC's
/// `http-grpc-status-mapping.md`, so that it does not matter who maps.
pub fn status(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

/// "No" as gRPC says it: status 200 and trailers only, in the head of an answer without a body.
pub fn refusal(status: u8, code: &str, words: &str) -> Response {
    let mut answer = Answer::new(Body::Empty);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(status)));
    if let Ok(message) = HeaderValue::try_from(percent_encoded(&format!("{code}: {words}"))) {
        headers.insert(GRPC_MESSAGE, message);
    }
    answer
}

/// All that is not printable ASCII, and `%`, as gRPC's `Percent-Encoded` has it.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 0xF] {
                let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    encoded
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn of(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    #[test]
    fn grpc_is_told_by_its_type_and_web_is_another() {
        for kind in [
            "application/grpc",
            "Application/gRPC+proto",
            "application/grpc;x=y",
        ] {
            assert!(is_grpc(&of(kind)) && is_stream(&of(kind)), "{kind}");
        }
        assert!(!is_grpc(&of("application/grpc-web+proto")) && is_stream(&of("application/grpc-web")));
        assert!(!is_grpc(&of("application/json")) && !is_stream(&HeaderMap::new()));
    }

    #[test]
    fn a_deadline_has_up_to_eight_digits_and_a_unit() {
        let of = |text: &'static str| {
            timeout(&HeaderMap::from_iter([(
                GRPC_TIMEOUT,
                HeaderValue::from_static(text),
            )]))
        };
        assert_eq!(of("1H"), Some(Duration::from_hours(1)));
        assert_eq!(of("250m"), Some(Duration::from_millis(250)));
        assert_eq!(of("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for bad in ["", "S", "1", "1s", "-1S", "123456789S"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn statuses_are_those_a_client_would_choose() {
        let of = |code| status(StatusCode::from_u16(code).unwrap());
        assert_eq!([400, 401, 403, 404].map(of), [13, 16, 7, 12]);
        assert_eq!([429, 502, 503, 504].map(of), [14; 4]);
        assert_eq!([408, 413, 500, 501].map(of), [2; 4]);
    }

    #[test]
    fn a_refusal_is_all_head() {
        let answer = refusal(14, "rate_limited", "100 % used\u{e9}");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["grpc-status"], "14");
        assert_eq!(
            answer.headers()["grpc-message"],
            "rate_limited: 100 %25 used%C3%A9"
        );
    }
}
