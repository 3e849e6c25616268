//! Where the body ends, and whom the request is for.

use super::{Case, case, other};

pub const CASES: &[Case] = &[
    // Lengths (§6.3; RFC 9110 §8.6).
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 01\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\u{a0}\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "content_length",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx",
        "content_length",
    ),
    // Transfer codings (§6.1).
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "both_framings",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "both_framings",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: banana\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "space_before_colon",
    ),
    case(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "control_byte",
    ),
    other(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
        "coding_unsupported",
        "transfer_coding",
    ),
    // Hosts (§3.2).
    other(
        "GET / HTTP/1.1\r\nX: y\r\n\r\n",
        400,
        "host_invalid",
        "host_missing",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        400,
        "host_invalid",
        "host_several",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a:port\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost: \u{e9}\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        400,
        "host_invalid",
        "host_malformed",
    ),
    other(
        "GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n",
        400,
        "host_invalid",
        "host_disagrees",
    ),
];
