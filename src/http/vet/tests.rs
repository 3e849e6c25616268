//! Answers right and wrong, whole and in pieces.

mod bodies;
mod cuts;
mod heads;
mod mended;

use super::{Asked, Fault, Vet};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// The verdict on an answer that arrives in these pieces, and how many octets belonged to it.
fn read<'a>(asked: Asked, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<usize, Fault>, Vet) {
    let mut vet = Vet::default();
    vet.begin(asked);
    let mut all = 0;
    for piece in pieces {
        match read_on(&mut vet, piece) {
            Ok(used) => all += used,
            Err(fault) => return (Err(fault), vet),
        }
        if vet.is_at_rest() {
            break;
        }
    }
    (Ok(all), vet)
}

/// How many octets of these belong to the answer.
fn read_on(vet: &mut Vet, bytes: &[u8]) -> Result<usize, Fault> {
    let mut at = 0;
    while at < bytes.len() && !vet.is_at_rest() {
        at += vet.next(&bytes[at..])?.octets();
    }
    Ok(at)
}

fn fault_of(asked: Asked, answer: &[u8]) -> Option<Fault> {
    let (whole, _) = read(asked, [answer]);
    let (pieces, _) = read(asked, answer.chunks(1));
    assert_eq!(whole, pieces, "{}", String::from_utf8_lossy(answer));
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
        "HTTP/1.1 999\r\ncontent-length: 1\r\n\r\nx",
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
