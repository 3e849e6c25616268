//! The table: a head, and what is said of it. RFC 9112 is the source where no other is named.

mod framing;

/// Every case.
pub fn all() -> Vec<&'static Case> {
    HEADS.iter().chain(framing::CASES).collect()
}

/// A head that must be refused.
pub struct Case {
    pub head: &'static str,
    pub status: u16,
    pub code: &'static str,
    pub reason: &'static str,
}

const fn case(head: &'static str, reason: &'static str) -> Case {
    Case {
        head,
        status: 400,
        code: "request_malformed",
        reason,
    }
}

const fn other(head: &'static str, status: u16, code: &'static str, reason: &'static str) -> Case {
    Case {
        head,
        status,
        code,
        reason,
    }
}

/// In a head, stands for two thousand letters.
const LONG: &str = "~LONG~";

/// The head as it is sent. `\u{80}` and above stand for the one byte of that value.
pub fn case_bytes(case: &Case) -> Vec<u8> {
    let text = case.head.replace(LONG, &"x".repeat(2000));
    text.chars().map(|letter| u8::try_from(letter).unwrap()).collect()
}

/// What a head looks like.
const HEADS: &[Case] = &[
    // What is no request line (§3).
    case("\x16\x03\x01\x02\0\x01\0\x01", "control_byte"),
    case("GET\r\n\r\n", "request_line"),
    case("GET /\r\n\r\n", "request_line"),
    case("GET / HTTP/1.1 extra\r\nHost: a\r\n\r\n", "request_line"),
    case("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("G\u{e9}T / HTTP/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("GET / http/1.1\r\nHost: a\r\n\r\n", "request_line"),
    case("GET / HTTP/1.1\u{a0}\r\nHost: a\r\n\r\n", "request_line"),
    case("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "empty_lines"),
    // Versions (§2.3; RFC 9110 §15.6.6).
    other(
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        505,
        "version_unsupported",
        "version",
    ),
    other(
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        505,
        "version_unsupported",
        "version",
    ),
    other(
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        505,
        "version_unsupported",
        "version",
    ),
    other(
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        505,
        "version_unsupported",
        "version",
    ),
    // Targets (§3.2; RFC 3986).
    other(
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET /?a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET /caf\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET http:/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET http://a.test/#x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        400,
        "target_invalid",
        "target",
    ),
    other(
        "GET /~LONG~ HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "target_too_long",
        "target_too_long",
    ),
    case("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "control_byte"),
    case("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "control_byte"),
    // Ends of lines and control bytes (§2.2; RFC 9110 §5.5).
    case("GET / HTTP/1.1\nHost: a\n\n", "bare_lf"),
    case("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "bare_lf"),
    case("GET / HTTP/1.1\r\nHost: a\r\n\n", "bare_lf"),
    case("GET / HTTP/1.1\rHost: a\r\n\r\n", "bare_cr"),
    case("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", "bare_cr"),
    case("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "bare_cr"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "control_byte"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX: a\x1bb\r\n\r\n", "control_byte"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX: a\x0bb\r\n\r\n", "control_byte"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX\0: ab\r\n\r\n", "control_byte"),
    // Fields (§5).
    case("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "space_before_colon"),
    case(
        "GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n",
        "space_before_colon",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "space_before_colon",
    ),
    case("GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", "header_name"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: y\r\n\r\n", "header_name"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n", "header_name"),
    case("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "header_name"),
    case(
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
        "line_folding",
    ),
    case("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "line_folding"),
    case("GET / HTTP/1.1\r\nHost: a\r\n\tX: y\r\n\r\n", "line_folding"),
    other(
        "GET / HTTP/1.1\r\nHost: a\r\nX: ~LONG~~LONG~~LONG~~LONG~~LONG~\r\n\r\n",
        431,
        "head_too_large",
        "head_too_large",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n",
        431,
        "too_many_headers",
        "too_many_headers",
    ),
];
