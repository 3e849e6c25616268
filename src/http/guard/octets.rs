//! Which bytes may stand where, as one table of classes.

/// RFC 9110 §5.6.2: methods, field names, transfer codings.
const TOKEN: u8 = 1;
/// In a path as received: RFC 3986 §3.3, and what browsers send unescaped.
const PATH: u8 = 2;
/// The same in a query.
const QUERY: u8 = 4;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        // The fragment is the client's own affair (RFC 9112 §3.2); a server that gets one cuts it or does not.
        let visible = byte.is_ascii_graphic() && byte != b'#';
        let path = visible && !matches!(byte, b'?' | b'<' | b'>' | b'`');
        let query = visible && !matches!(byte, b'"' | b'<' | b'>');
        #[allow(
            clippy::indexing_slicing,
            reason = "a constant: an index out of range does not compile"
        )]
        {
            table[byte as usize] = (if token { TOKEN } else { 0 })
                | (if path { PATH } else { 0 })
                | (if query { QUERY } else { 0 });
        }
        byte += 1;
    }
    table
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|of| of & class != 0)
}

pub(super) fn is_token(byte: u8) -> bool {
    is(byte, TOKEN)
}

pub(super) fn is_path(byte: u8) -> bool {
    is(byte, PATH)
}

pub(super) fn is_query(byte: u8) -> bool {
    is(byte, QUERY)
}

/// White space within a line (RFC 9110 §5.6.3).
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without white space at either end.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}
