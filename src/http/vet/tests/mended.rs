//! Heads that break the rules: what they become, and what stays refused.

use bytes::Bytes;
use proptest::prelude::*;

use super::{OK, read};
use crate::http::vet::{Asked, Fault, Part, Repair, Repairs, Rules, Vet};

const ALL: Repairs = Repairs::of(&Repair::ALL);

/// What becomes of a head that comes in pieces of this size: its octets as they are read, and what was put right.
fn mended(head: &[u8], size: usize, tolerated: Repairs) -> Result<Option<(Bytes, Vet)>, Fault> {
    let mut vet = Vet::default();
    vet.hold_to(Rules {
        tolerated,
        ..Rules::default()
    });
    vet.begin(Asked::Plain);
    let (mut come, mut seen) = (Vec::new(), 0);
    for piece in head.chunks(size) {
        come.extend_from_slice(piece);
        let found = match vet.next(&come[seen..]) {
            Ok(Part::Answer(octets, _)) => {
                Some((seen + octets, Bytes::copy_from_slice(&come[..seen + octets])))
            }
            Ok(part) => {
                seen += part.octets();
                None
            }
            Err(fault) => vet
                .mend(fault, &come)?
                .map(|(part, clean)| (part.octets(), clean)),
        };
        if let Some((octets, clean)) = found {
            assert!(octets <= come.len());
            return Ok(Some((clean, vet)));
        }
    }
    Ok(None)
}

fn becomes(head: &str, tolerated: &[Repair], clean: &str, repairs: &[Repair]) {
    for size in [1, 7, head.len()] {
        let found = mended(head.as_bytes(), size, Repairs::of(tolerated)).unwrap();
        let (octets, vet) = found.unwrap_or_else(|| panic!("{head:?} is not over"));
        assert_eq!(String::from_utf8_lossy(&octets), clean, "{head:?} by {size}");
        assert_eq!(vet.repairs(), Repairs::of(repairs), "{head:?} by {size}");
        let (again, _) = read(Asked::Plain, [&octets[..]]);
        assert_eq!(again, Ok(octets.len()), "{clean:?} is in order");
    }
}

/// What comes, what it becomes, and why.
const FOR_ALL: &[(&str, &str, Repair)] = &[
    (
        "HTTP/1.3 200 OK\r\nx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n\r\n",
        Repair::Version,
    ),
    (
        "HTTP/1.1 200 O\x01K\r\nx: y\r\n\r\n",
        "HTTP/1.1 200 \r\nx: y\r\n\r\n",
        Repair::ReasonPhrase,
    ),
    (
        "HTTP/1.1 200 OK\r\nx: a\r\n \t b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a b\r\n\r\n",
        Repair::Folded,
    ),
    (
        "HTTP/1.1 200 OK\r\nx:a\x7fb\x1b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a b \r\n\r\n",
        Repair::Control,
    ),
    (
        "HTTP/1.1 200 OK\r\nx \t:y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n\r\n",
        Repair::SpaceBeforeColon,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        Repair::SpaceBeforeColon,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding : Chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        Repair::SpaceBeforeColon,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 007\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n",
        Repair::LeadingZeros,
    ),
    (
        "HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 204 x\r\n\r\n",
        Repair::BodyForbidden,
    ),
    (
        "HTTP/1.1 204 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\na: b\r\n\r\n",
        "HTTP/1.1 204 x\r\na: b\r\n\r\n",
        Repair::BodyForbidden,
    ),
];

#[test]
fn what_all_readers_take_alike_is_put_right_for_every_server() {
    for (head, clean, repair) in FOR_ALL {
        becomes(head, &[], clean, &[*repair]);
    }
    becomes(
        "HTTP/1.1 742 x\r\n\r\n",
        &[],
        "HTTP/1.1 742 x\r\n\r\n",
        &[Repair::Status],
    );
}

#[test]
fn what_is_tolerated_is_put_right_and_else_refused() {
    for (lines, clean, repair, fault) in [
        ("x: y\n\n", "x: y\r\n\r\n", Repair::BareLf, Fault::LineEnd),
        (
            "content-length: 5\r\ncontent-length: 5\r\n\r\n",
            "content-length: 5\r\n\r\n",
            Repair::RepeatedLength,
            Fault::ContentLength,
        ),
        (
            "content-length: 5, 5\r\n\r\n",
            "content-length: 5\r\n\r\n",
            Repair::RepeatedLength,
            Fault::ContentLength,
        ),
        (
            "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n",
            Repair::LengthWithChunks,
            Fault::TwoFramings,
        ),
        (
            "transfer-encoding: identity\r\ncontent-length: 5\r\n\r\n",
            "content-length: 5\r\n\r\n",
            Repair::IdentityCoding,
            Fault::TransferEncoding,
        ),
        (
            "no field\r\nx: y\r\n\r\n",
            "x: y\r\n\r\n",
            Repair::BadField,
            Fault::FieldName,
        ),
        (
            "(a): b\r\nx: y\r\n\r\n",
            "x: y\r\n\r\n",
            Repair::BadField,
            Fault::FieldName,
        ),
    ] {
        let head = format!("{OK}{lines}");
        becomes(&head, &[repair], &format!("{OK}{clean}"), &[repair]);
        let others: Vec<_> = Repair::ALL.into_iter().filter(|other| *other != repair).collect();
        let refused = mended(head.as_bytes(), head.len(), Repairs::of(&others));
        assert_eq!(refused.err(), Some(fault), "{head:?}");
    }
    let old = b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let refused = mended(old, old.len(), Repairs::default());
    assert_eq!(refused.err(), Some(Fault::TransferEncoding));
    let (_, vet) = mended(old, 1, ALL).unwrap().unwrap();
    assert!(!vet.is_current() && !vet.persists() && vet.repairs().has(Repair::ChunksInHttp10));
}

#[test]
fn what_readers_take_in_two_ways_stays_refused_whatever_is_tolerated() {
    for (lines, fault) in [
        ("x: a\0b\r\n\r\n", Fault::Control),
        ("x\x01y: a\r\n\r\n", Fault::Control),
        ("x: a\rb\r\n\r\n", Fault::LineEnd),
        (" x: a\r\n\r\n", Fault::Folded),
        ("content-length: 1\r\n 2\r\n\r\n", Fault::Folded),
        (
            "content-length: 1\r\ncontent-length: 2\r\n\r\n",
            Fault::ContentLength,
        ),
        ("content-length: +1\r\n\r\n", Fault::ContentLength),
        ("content-length: 1\x0b\r\n\r\n", Fault::ContentLength),
        ("content-length:\r\n\r\n", Fault::ContentLength),
        (
            "content-length: 9223372036854775808\r\n\r\n",
            Fault::ContentLength,
        ),
        (
            "transfer-encoding: gzip, chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            Fault::TransferEncoding,
        ),
    ] {
        let head = format!("{OK}{lines}");
        for size in [1, head.len()] {
            let refused = mended(head.as_bytes(), size, ALL);
            assert_eq!(refused.err(), Some(fault), "{head:?} by {size}");
        }
    }
    for (head, fault) in [
        ("HTTP/2.0 200 OK\r\n\r\n", Fault::Version),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Fault::Control),
        ("HTTP/1.1 2x0 OK\r\n\r\n", Fault::StatusLine),
        ("HTTP/1.1 101 x\r\nx : y\r\n\r\n", Fault::Switch),
    ] {
        assert_eq!(
            mended(head.as_bytes(), head.len(), ALL).err(),
            Some(fault),
            "{head:?}"
        );
    }
}

#[test]
fn an_odd_head_without_end_is_too_large() {
    let head = format!("{OK}x : {}", "y".repeat(Rules::default().max_head));
    for size in [1024, head.len()] {
        assert_eq!(
            mended(head.as_bytes(), size, ALL).err(),
            Some(Fault::HeadTooLarge)
        );
    }
}

#[test]
fn a_connection_goes_on_unless_the_end_was_in_doubt() {
    for (lines, persists) in [
        ("x: a\r\n b\r\ncontent-length: 0\r\n\r\n", true),
        ("x: a\x01\r\ncontent-length: 0\r\n\r\n", true),
        ("content-length : 0\r\n\r\n", false),
        ("content-length: 00\r\n\r\n", false),
    ] {
        let head = format!("{OK}{lines}");
        let (_, vet) = mended(head.as_bytes(), head.len(), Repairs::default())
            .unwrap()
            .unwrap();
        assert_eq!(vet.persists(), persists, "{head:?}");
    }
}

proptest! {
    /// Whatever is made of a head is in order, and the same however it was cut.
    #[test]
    fn what_is_mended_is_in_order(
        words in prop::collection::vec(prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n", "HTTP/1.0 204\n", "HTTP/1.4 700 \x01\r\n", "content-length", "transfer-encoding", ": ", ":",
            " ", "\t", "3", "03", ", ", "chunked", "identity", "\r\n", "\n", "\r", "\0", "\x02", "x", "x y", "\r\n\r\n",
        ]), 1..14),
        size in 1_usize..20,
    ) {
        let head = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", words.concat());
        let whole = mended(head.as_bytes(), head.len(), ALL);
        let cut = mended(head.as_bytes(), size, ALL);
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let (Ok(Some((whole, _))), Ok(Some((cut, _)))) = (whole, cut) {
            prop_assert_eq!(&whole, &cut);
            let mut strict = Vet::default();
            strict.hold_to(Rules { tolerated: Repairs::of(&[Repair::ChunksInHttp10]), ..Rules::default() });
            strict.begin(Asked::Plain);
            let again = strict.next(&whole);
            prop_assert!(matches!(again, Ok(Part::Answer(octets, _)) if octets == whole.len()), "{again:?}");
        }
    }
}
