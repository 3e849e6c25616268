//! However the octets are cut, the verdict is the same.

use proptest::prelude::*;

use super::read;
use crate::http::vet::Asked;

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
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn no_octets_do_harm(answer in prop::collection::vec(any::<u8>(), 0..200)) {
        let (read, _) = read(Asked::Plain, [&answer[..]]);
        prop_assert!(read.is_err() || answer.is_empty() || b"HTTP/1.1".starts_with(&answer[..answer.len().min(8)]));
    }
}
