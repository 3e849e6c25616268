//! Where answers end, and what may not follow.

use super::{fault_of, read};
use crate::http::vet::{Asked, Fault};

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let (read_all, vet) = read(
        Asked::Plain,
        [&b"HTTP/1.1 200 OK\r\n\r\nall"[..], b"\0\r\n of it"],
    );
    assert_eq!(read_all, Ok(31));
    assert!(!vet.is_at_rest() && !vet.is_in_head());
}

#[test]
fn no_body_where_none_may_be() {
    for answer in [
        "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (whole, _) = read(Asked::Plain, [answer.as_bytes()]);
        assert_eq!(whole, Err(Fault::BodyForbidden), "{answer:?}");
    }
}

#[test]
fn what_follows_an_answer_belongs_to_nothing() {
    let next = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for (asked, answer) in [
        (Asked::Plain, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
        (Asked::Plain, "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            Asked::Plain,
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n",
        ),
        (Asked::Head, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (
            Asked::Plain,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        ),
    ] {
        let (used, vet) = read(asked, [format!("{answer}{next}").as_bytes()]);
        assert_eq!(used, Ok(answer.len()), "{answer:?}");
        assert!(vet.is_at_rest() && vet.left() == Some(0));
    }
}

#[test]
fn a_chunk_is_as_long_as_it_says_and_trailers_tell_no_length() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let extension = format!("1;{}\r\nx\r\n", "e".repeat(300));
    let extensions = format!("1;{}\r\nx\r\n", "e".repeat(200)).repeat(90);
    let trailers = format!("0\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    for (body, fault) in [
        ("\r\n", Fault::Chunk),
        ("g\r\n", Fault::Chunk),
        ("0x5\r\nhello\r\n", Fault::Chunk),
        ("-1\r\n", Fault::Chunk),
        (" 5\r\nhello\r\n", Fault::Chunk),
        ("5 \r\nhello\r\n", Fault::Chunk),
        ("5 5\r\nhello\r\n", Fault::Chunk),
        ("5\nhello\r\n", Fault::Chunk),
        ("5\r\nhello!\r\n", Fault::Chunk),
        ("5\r\nhello\n", Fault::Chunk),
        ("5\r\nhello\r5", Fault::Chunk),
        ("5;a\nb\r\nhello\r\n", Fault::Chunk),
        ("5;a\0b\r\nhello\r\n", Fault::Chunk),
        ("1000000000000000\r\n", Fault::Chunk),
        ("fffffffffffffffff\r\n", Fault::Chunk),
        (extension.as_str(), Fault::Chunk),
        (extensions.as_str(), Fault::Chunk),
        ("0\r\nx: y\r\n folded\r\n\r\n", Fault::Trailer),
        ("0\r\nx y\r\n\r\n", Fault::Trailer),
        ("0\r\nx: y\n\r\n", Fault::Trailer),
        ("0\r\ncontent-length: 5\r\n\r\n", Fault::Trailer),
        ("0\r\ntransfer-encoding: chunked\r\n\r\n", Fault::Trailer),
        (trailers.as_str(), Fault::Trailer),
    ] {
        let answer = format!("{head}{body}");
        let body: String = body.chars().take(30).collect();
        assert_eq!(fault_of(Asked::Plain, answer.as_bytes()), Some(fault), "{body:?}");
    }
}
