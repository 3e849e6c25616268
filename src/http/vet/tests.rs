//! Answers right and wrong, whole and in pieces.

use proptest::prelude::*;

use super::{Asked, Fault, Vet};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// The verdict on an answer that arrives in these pieces, and how many octets belonged to it.
fn read<'a>(asked: Asked, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<usize, Fault>, Vet) {
    let mut vet = Vet::default();
    vet.begin(asked);
    let mut all = 0;
    for piece in pieces {
        match vet.read(piece) {
            Ok(used) => all += used,
            Err(fault) => return (Err(fault), vet),
        }
        if vet.is_at_rest() {
            break;
        }
    }
    (Ok(all), vet)
}

fn fault_of(asked: Asked, answer: &[u8]) -> Option<Fault> {
    let (whole, _) = read(asked, [answer]);
    // Octet by octet it must be the same, but that a body which may not be is then only excess.
    let (pieces, _) = read(asked, answer.chunks(1));
    let same = whole == pieces || whole == Err(Fault::BodyForbidden) && pieces.is_ok();
    assert!(same, "{whole:?} {pieces:?} {}", String::from_utf8_lossy(answer));
    whole.err()
}

fn passes(asked: Asked, answer: &str) {
    let (read, vet) = read(asked, [answer.as_bytes()]);
    assert_eq!(read, Ok(answer.len()), "{answer}");
    assert!(vet.is_at_rest(), "{answer}");
    assert_eq!(fault_of(asked, answer.as_bytes()), None, "{answer}");
}

#[test]
fn what_is_legal_passes_to_its_last_octet() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 404 Not \tFound \u{e4}\r\ncontent-length:0\r\n\r\n",
        "HTTP/1.1 200 \r\nCONTENT-LENGTH:\t 2 \t\r\nX:\r\nx-y_z!#$%&'*+.^`|~1: \u{e4} \"\t\r\n\r\nhi",
        "HTTP/1.1 599\r\ncontent-length: 00000000000000000001\r\n\r\nx",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\ncontent-length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked \r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:chunked\r\n\r\n0001 ;x\r\n\r\r\n00;y\r\nX-Sum: 1\r\nEtag: x\r\n\r\n",
    ] {
        passes(Asked::Plain, answer);
    }
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        passes(Asked::Head, answer);
    }
}

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
fn what_is_wrong_is_named() {
    for (answer, fault) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", Fault::StatusLine),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP 200 OK\r\n\r\n", Fault::StatusLine),
        ("ICY 200 OK\r\n\r\n", Fault::StatusLine),
        ("http/1.1 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 2x0 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 099 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 600 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 200\tOK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.12 200 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/2.0 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/1.2 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/0.9 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Fault::Control),
        ("HTTP/1.1 200 OK\n\r\n", Fault::LineEnd),
        ("HTTP/1.1 200 OK\rx\r\n\r\n", Fault::LineEnd),
    ] {
        assert_eq!(fault_of(Asked::Plain, answer.as_bytes()), Some(fault), "{answer:?}");
    }
}

#[test]
fn what_is_wrong_in_a_field_is_named() {
    for (lines, fault) in [
        ("x: a\0b\r\n\r\n", Fault::Control),
        ("x: a\x7fb\r\n\r\n", Fault::Control),
        ("x\x01: a\r\n\r\n", Fault::Control),
        ("x: a\nb: c\r\n\r\n", Fault::LineEnd),
        ("x: a\rb: c\r\n\r\n", Fault::LineEnd),
        ("x: a\r\n\rb\r\n\r\n", Fault::LineEnd),
        ("x : a\r\n\r\n", Fault::FieldName),
        (": a\r\n\r\n", Fault::FieldName),
        ("no colon\r\n\r\n", Fault::FieldName),
        ("x\r\n\r\n", Fault::FieldName),
        ("x\u{e4}: a\r\n\r\n", Fault::FieldName),
        ("x: a\r\n folded\r\n\r\n", Fault::Folded),
        (" x: a\r\n\r\n", Fault::Folded),
        ("content-length: 1\r\ncontent-length: 2\r\n\r\nxx", Fault::ContentLength),
        ("content-length: 1\r\ncontent-length: 1\r\n\r\nx", Fault::ContentLength),
        ("content-length: 1, 1\r\n\r\nx", Fault::ContentLength),
        ("content-length: 1 1\r\n\r\nx", Fault::ContentLength),
        ("content-length: +1\r\n\r\nx", Fault::ContentLength),
        ("content-length: -1\r\n\r\nx", Fault::ContentLength),
        ("content-length: 0x1\r\n\r\nx", Fault::ContentLength),
        ("content-length:\r\n\r\nx", Fault::ContentLength),
        ("content-length: 9223372036854775808\r\n\r\nx", Fault::ContentLength),
        ("content-length: 99999999999999999999\r\n\r\nx", Fault::ContentLength),
        ("transfer-encoding: gzip\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: gzip, chunked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chunked, chunked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chunked;x\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chunke\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: chun ked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: xchunked\r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: \r\n\r\n", Fault::TransferEncoding),
        ("transfer-encoding: \x0bchunked\r\n\r\n", Fault::TransferEncoding),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
        ("transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n", Fault::TwoFramings),
    ] {
        let answer = format!("{OK}{lines}");
        assert_eq!(fault_of(Asked::Plain, answer.as_bytes()), Some(fault), "{answer:?}");
    }
    let old = b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(fault_of(Asked::Plain, old), Some(Fault::TransferEncoding));
}

#[test]
fn a_head_and_all_heads_together_end() {
    let fields = |count: usize| format!("{OK}{}content-length: 0\r\n\r\n", "x: y\r\n".repeat(count));
    passes(Asked::Plain, &fields(99));
    assert_eq!(
        fault_of(Asked::Plain, fields(100).as_bytes()),
        Some(Fault::TooManyFields)
    );
    let long = format!("{OK}x: {}", "y".repeat(super::HEAD));
    assert_eq!(fault_of(Asked::Plain, long.as_bytes()), Some(Fault::HeadTooLarge));
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    passes(Asked::Plain, &(interim.repeat(64) + &fields(0)));
    assert_eq!(
        fault_of(Asked::Plain, interim.repeat(65).as_bytes()),
        Some(Fault::Interim)
    );
    let large = format!("HTTP/1.1 103 x\r\nlink: {}\r\n\r\n", "y".repeat(60_000));
    assert_eq!(
        fault_of(Asked::Plain, large.repeat(5).as_bytes()),
        Some(Fault::Interim)
    );
    for lines in ["content-length: 1\r\n", "transfer-encoding: chunked\r\n"] {
        let bodied = format!("HTTP/1.1 103 x\r\n{lines}\r\n");
        assert_eq!(
            fault_of(Asked::Plain, bodied.as_bytes()),
            Some(Fault::Interim)
        );
    }
}

#[test]
fn only_who_was_asked_may_switch() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x7f\x00\0\r";
    assert_eq!(
        fault_of(Asked::Plain, switch.as_bytes()),
        Some(Fault::Switch)
    );
    let (all, vet) = read(Asked::Switch, [switch.as_bytes()]);
    assert_eq!(all, Ok(switch.len()));
    assert!(!vet.is_at_rest());
}

#[test]
fn no_body_where_none_may_be() {
    for answer in [
        "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\nhi",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\nhi",
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
        (Asked::Head, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (Asked::Plain, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    ] {
        let (used, mut vet) = read(asked, [format!("{answer}{next}").as_bytes()]);
        assert_eq!(used, Ok(answer.len()), "{answer:?}");
        assert_eq!(vet.read(next.as_bytes()), Ok(0));
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

#[test]
fn hints_are_kept_however_they_are_cut() {
    let answer = b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 103\r\nlink: </b>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    for size in 1..answer.len() {
        let (_, mut vet) = read(Asked::Plain, answer.chunks(size));
        assert!(vet.has_hints(), "by {size}");
        let hints = vet.take_hints();
        assert_eq!(hints, b"Link: </a>\r\n\r\nlink: </b>\r\n\r\n", "by {size}");
        assert!(!vet.has_hints());
    }
}

/// Answers that are nearly right: what a fuzzer finds too seldom.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n",
        "HTTP/1.1 204 x\r\n",
        "content-length: 3\r\n",
        "transfer-encoding: chunked\r\n",
        "X-Any: value\r\n",
        "\r\n",
        "3\r\nabc\r\n",
        "0\r\n",
        "abc",
        ":",
        " ",
        "\n",
        "\r",
        "\0",
    ]);
    prop::collection::vec(words, 1..12).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #[test]
    fn cuts_change_nothing(answer in nearly(), cuts in prop::collection::vec(1_usize..9, 1..40), head: bool) {
        let asked = if head { Asked::Head } else { Asked::Plain };
        let mut pieces = Vec::new();
        let mut rest = &answer[..];
        let mut cuts = cuts.into_iter().cycle();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let (whole, _) = read(asked, [&answer[..]]);
        let (cut, _) = read(asked, pieces);
        prop_assert!(whole == cut || whole == Err(Fault::BodyForbidden) && cut.is_ok(), "{whole:?} {cut:?}");
    }

    #[test]
    fn no_octets_do_harm(answer in prop::collection::vec(any::<u8>(), 0..200)) {
        let (read, _) = read(Asked::Plain, [&answer[..]]);
        prop_assert!(read.is_err() || answer.is_empty() || b"HTTP/1.1".starts_with(&answer[..answer.len().min(8)]));
    }
}
