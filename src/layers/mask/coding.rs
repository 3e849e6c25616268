//! A body as its reader sees it: what the application coded is decoded, as far as it is looked at. A small body
//! that unfolds without end costs no more than a large one.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use super::PEEK;

/// The beginning of the text; `None` if it cannot be decoded.
pub(super) fn unfolded<'b>(headers: &HeaderMap, seen: &'b [u8]) -> Option<Cow<'b, [u8]>> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut names = codings
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != b"identity");
    let text = match (names.next().as_deref(), names.next()) {
        (None, _) => return Some(Cow::Borrowed(seen.get(..PEEK).unwrap_or(seen))),
        (Some(b"gzip" | b"x-gzip"), None) => beginning(MultiGzDecoder::new(seen)),
        // Some servers leave the wrapping out that RFC 9110 §8.4.1.2 asks for.
        (Some(b"deflate"), None) => {
            beginning(ZlibDecoder::new(seen)).or_else(|| beginning(DeflateDecoder::new(seen)))
        }
        _ => None,
    };
    text.map(Cow::Owned)
}

/// What can be read up to the length that is looked at, or to where the bytes end.
fn beginning(reader: impl Read) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let most = u64::try_from(PEEK).unwrap_or(u64::MAX);
    let fault = reader.take(most).read_to_end(&mut text).err();
    let cut = fault.is_none_or(|fault| fault.kind() == ErrorKind::UnexpectedEof);
    (cut && !text.is_empty()).then_some(text)
}
