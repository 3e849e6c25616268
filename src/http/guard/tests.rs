//! The guard as a whole: whole connections, cut at every place.

use http::Uri;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    head: 400,
    target: 60,
    fields: 6,
};

/// What passes of bytes that come in these pieces, and what is wrong.
fn pass(pieces: &[&[u8]]) -> (Vec<u8>, Option<Broken>) {
    let mut guard = Guard::new(LIMITS);
    let (mut held, mut passed) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let vetted = guard.vet(&held);
        passed.extend(held.drain(..vetted.clean));
        if vetted.broken.is_some() {
            assert!(guard.is_over());
            return (passed, vetted.broken);
        }
    }
    (passed, None)
}

/// The same whole, and cut at each place.
fn verdict(bytes: &[u8]) -> (Vec<u8>, Option<Broken>) {
    let whole = pass(&[bytes]);
    for place in 0..bytes.len() {
        let (before, after) = bytes.split_at(place);
        assert_eq!(pass(&[before, after]), whole, "cut at {place}");
    }
    let each: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(pass(&each), whole, "byte by byte");
    whole
}

const REQUESTS: [&str; 6] = [
    "GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n",
    "\r\nGET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\n\0\r\n\r\n0\r\nA: b\r\n\r\n",
    "HEAD http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: \t\x01\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
];

#[test]
fn requests_one_after_the_other_pass_untouched() {
    let all = REQUESTS[..4].concat().into_bytes();
    assert_eq!(verdict(&all), (all.clone(), None));
}

#[test]
fn what_comes_before_a_fault_passes_and_nothing_after_it() {
    for (faulty, fault) in [
        (REQUESTS[4], Broken::Head(Fault::Control)),
        (REQUESTS[5], Broken::Head(Fault::Fold)),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", Broken::Head(Fault::BareLf)),
        (
            "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            Broken::Head(Fault::EmptyLines),
        ),
    ] {
        let sound = REQUESTS[..4].concat();
        let bytes = [&sound, faulty, REQUESTS[0]].concat();
        assert_eq!(
            verdict(bytes.as_bytes()),
            (sound.into_bytes(), Some(fault)),
            "{faulty:?}"
        );
    }
}

#[test]
fn a_broken_chunk_lets_the_data_before_it_pass() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";
    let bytes = format!("{head}zz\r\n{}", REQUESTS[0]);
    let broken = Some(Broken::Body(Fault::ChunkSize));
    assert_eq!(verdict(bytes.as_bytes()), (head.as_bytes().to_vec(), broken));
}

#[test]
fn the_limits_hold_to_the_byte() {
    let head = |length: usize| {
        let start = "GET / HTTP/1.1\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4))
    };
    assert_eq!(verdict(head(400).as_bytes()).1, None);
    assert_eq!(
        verdict(head(401).as_bytes()).1,
        Some(Broken::Head(Fault::HeadTooLarge(400)))
    );
    let fields = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert_eq!(verdict(fields(6).as_bytes()).1, None);
    assert_eq!(
        verdict(fields(7).as_bytes()).1,
        Some(Broken::Head(Fault::TooManyFields(6)))
    );
    let wide = Limits { head: 4000, ..LIMITS };
    let target = Guard::new(wide).vet(&[b"GET /", &[b'x'; 600][..]].concat());
    assert_eq!(target.broken, Some(Broken::Head(Fault::TargetTooLong(60))));
}

#[test]
fn after_an_upgrade_was_asked_for_nothing_passes_until_it_is_decided() {
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    let mut guard = Guard::new(LIMITS);
    let bytes = format!("{ask}\u{81}\u{5}");
    let vetted = guard.vet(bytes.as_bytes());
    assert_eq!((vetted.clean, vetted.broken), (ask.len(), None));
    assert!(guard.is_undecided());
    assert_eq!(guard.vet(b"anything").clean, 0);
    guard.stay();
    assert_eq!(guard.vet(REQUESTS[0].as_bytes()).clean, REQUESTS[0].len());
}

/// Bytes of heads and bodies with a few odd ones among them.
fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => (0..REQUESTS.len()).prop_map(|index| REQUESTS[index].as_bytes().to_vec()),
        2 => Just(b"Transfer-Encoding: chunked\r\n\r\n".to_vec()),
        2 => Just(b"Content-Length: 3\r\n\r\n".to_vec()),
        2 => Just(b"GET / HTTP/1.1\r\n".to_vec()),
        2 => Just(b"3\r\nabc\r\n".to_vec()),
        1 => Just(b"0\r\n\r\n".to_vec()),
        1 => vec(any::<u8>(), 1..4),
        1 => prop::sample::select(vec!["\r", "\n", "\r\n", ":", " ", "\0", ";", "\t"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (vec(piece, 1..8), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(pieces, place, byte)| {
        let mut bytes = pieces.concat();
        if byte & 1 == 0 {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_the_verdict_is_the_same(bytes in odd_bytes(), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        places.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for place in places.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[from..place]);
            from = place;
        }
        prop_assert_eq!(pass(&pieces), pass(&[&bytes]));
    }

    #[test]
    fn what_passes_is_a_prefix_of_what_came(bytes in odd_bytes()) {
        let (passed, _) = pass(&[&bytes]);
        prop_assert!(bytes.starts_with(&passed));
    }

    #[test]
    fn a_parser_behind_the_guard_reads_the_same_head(bytes in odd_bytes()) {
        let mut guard = Head::default();
        if let Ok(Some(length)) = guard.vet(&bytes, &LIMITS) {
            let mut fields = [httparse::EMPTY_HEADER; 10];
            let mut request = httparse::Request::new(&mut fields);
            prop_assert_eq!(request.parse(&bytes), Ok(httparse::Status::Complete(length)));
            prop_assert!(Uri::try_from(request.path.unwrap_or_default()).is_ok());
            let told = |name: &str| request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count();
            match guard.framing() {
                Framing::Chunked => prop_assert_eq!((told("transfer-encoding"), told("content-length")), (1, 0)),
                Framing::Length(0) => prop_assert!(told("transfer-encoding") == 0),
                Framing::Length(_) => prop_assert_eq!((told("transfer-encoding"), told("content-length")), (0, 1)),
            }
        }
    }
}
