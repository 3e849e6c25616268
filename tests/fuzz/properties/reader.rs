//! Another reader of HTTP/1.1 that shares nothing with the guards: it finds where heads and bodies end in what they
//! have let pass, and panics at what no guard may let pass.

use http::Uri;
use httparse::{EMPTY_HEADER, Header, Request, Response, Status, parse_chunk_size, parse_headers};
use portcullis::http::vet::Asked;

/// As many fields as an answer may have, and more than a request.
const FIELDS: usize = 200;

/// Where another reader finds the ends of heads, and whether the last message is over.
pub fn request_ends(bytes: &[u8]) -> (Vec<usize>, bool) {
    let (mut at, mut heads) = (0, Vec::new());
    while at < bytes.len() {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut request = Request::new(&mut fields);
        let Ok(Status::Complete(length)) = request.parse(&bytes[at..]) else {
            panic!("a head passed that is none")
        };
        assert!(Uri::try_from(request.path.unwrap_or_default()).is_ok());
        at += length;
        heads.push(at);
        match body(&bytes[at..], request.headers, Some(0)) {
            Some(length) => at += length,
            None => return (heads, false),
        }
    }
    (heads, true)
}

/// Where another reader finds the end of an answer that has one.
pub fn answer_end(asked: Asked, bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut response = Response::new(&mut fields);
        let parsed = response.parse(&bytes[at..]).expect("a head passed that is none");
        let Status::Complete(length) = parsed else {
            return None;
        };
        at += length;
        match response.code.expect("the head is complete") {
            101 if asked == Asked::Switch => return None,
            100..200 => {}
            204 | 304 => return Some(at),
            _ if asked == Asked::Head => return Some(at),
            _ => return body(&bytes[at..], response.headers, None).map(|length| at + length),
        }
    }
}

/// The length of a body, if it is over. `untold` is that of one whose head does not say.
fn body(bytes: &[u8], headers: &[Header<'_>], untold: Option<usize>) -> Option<usize> {
    let told = |name: &str| -> Vec<&[u8]> {
        let lines = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        lines.map(|header| header.value.trim_ascii()).collect()
    };
    match (&told("transfer-encoding")[..], &told("content-length")[..]) {
        ([], []) => untold,
        ([coding], []) => {
            assert!(coding.eq_ignore_ascii_case(b"chunked"));
            chunked(bytes)
        }
        ([], [length]) => {
            let length = std::str::from_utf8(length)
                .ok()
                .and_then(|text| text.parse().ok());
            let length: u64 = length.expect("the length is a number");
            let length = usize::try_from(length).ok();
            length.filter(|length| *length <= bytes.len())
        }
        others => panic!("the end is told in two ways: {others:?}"),
    }
}

fn chunked(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let size = parse_chunk_size(&bytes[at..]).expect("a size passed that is none");
        let Status::Complete((length, size)) = size else {
            return None;
        };
        at += length;
        if size == 0 {
            let mut fields = [EMPTY_HEADER; FIELDS];
            let parsed = parse_headers(&bytes[at..], &mut fields).expect("trailers passed that are none");
            return match parsed {
                Status::Complete((length, _)) => Some(at + length),
                Status::Partial => None,
            };
        }
        let end = usize::try_from(size).ok().and_then(|size| at.checked_add(size))?;
        let after = bytes.get(end..)?;
        if after.len() < 2 {
            return None;
        }
        assert!(after.starts_with(b"\r\n"), "a chunk is longer than its size");
        at = end + 2;
    }
}
