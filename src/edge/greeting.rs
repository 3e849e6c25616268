//! Which HTTP a client speaks: agreed on under TLS, told by the first bytes in the clear. A client that knows
//! a server takes HTTP/2 begins with a preface that is no request of HTTP/1.1 (RFC 9113 §3.4); what follows
//! the same letters only so far is HTTP/1.1, and left to its parser.

use std::io;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use crate::edge::socket::Socket;
use crate::http::h2_guard::PREFACE;
use crate::http::phase::Phase;
use crate::tls::terms::H2;

/// Most first requests are read whole by this, so that looking costs no further read.
const FIRST_READ: usize = 2048;

/// A version of HTTP, as far as the wire differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP/1.0 and 1.1.
    One,
    /// HTTP/2.
    Two,
}

/// Waits until it is clear what the client speaks. What was read for it is in `early`.
pub(super) async fn listen(socket: &mut Socket, early: &mut BytesMut, phase: &Phase) -> io::Result<Spoken> {
    if let Socket::Tls(_) = socket {
        // Under TLS prior knowledge does not count: a client that agreed on nothing speaks HTTP/1.1 (RFC 9113 §3.2).
        return Ok(if socket.agreed() == Some(H2) {
            Spoken::Two
        } else {
            Spoken::One
        });
    }
    loop {
        early.reserve(FIRST_READ);
        let read = socket.read_buf(early).await?;
        phase.heard(std::time::Instant::now());
        match judge(early) {
            Some(spoken) => return Ok(spoken),
            // The end, before it was clear: an end is an end in either.
            None if read == 0 => return Ok(Spoken::One),
            None => {}
        }
    }
}

/// None while it may be either.
fn judge(early: &[u8]) -> Option<Spoken> {
    if early.starts_with(PREFACE) {
        Some(Spoken::Two)
    } else if PREFACE.starts_with(early) {
        None
    } else {
        Some(Spoken::One)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_preface_is_http_2_and_a_part_of_it_is_undecided() {
        assert_eq!(judge(PREFACE), Some(Spoken::Two));
        assert_eq!(judge(&[PREFACE, b"\0\0\0\x04"].concat()), Some(Spoken::Two));
        for length in 0..PREFACE.len() {
            assert_eq!(judge(&PREFACE[..length]), None);
        }
    }

    #[test]
    fn whatever_strays_from_the_preface_is_http_1() {
        for start in [
            "G",
            "POST / HTTP/1.1",
            "PR ",
            "PRI * HTTP/1.1",
            "PRI * HTTP/2.0\r\n\r\nXX",
            "\x16",
        ] {
            assert_eq!(judge(start.as_bytes()), Some(Spoken::One), "{start:?}");
        }
    }
}
