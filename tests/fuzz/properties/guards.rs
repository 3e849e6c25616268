//! What holds for the guards at the edge of a connection: no way to cut the bytes changes what they say, and who
//! reads what they let pass finds the same ends of the same messages.

use std::time::Instant;

use portcullis::http::guard::chunks::Chunks;
use portcullis::http::guard::{Broken, Guard, Limits};
use portcullis::http::proxy_protocol::{self as proxied, Announced, LINE, START, Version};
use portcullis::http::vet::{Asked, Fault, Vet};
use portcullis::http::{h2_guard, h2_guard::Bounds};

use super::reader::{answer_end, request_ends};

/// Narrow, so that short inputs reach them.
const LIMITS: Limits = Limits {
    head: 400,
    target: 60,
    fields: 6,
};
/// The most octets of an answer's head. Longer ones are refused, but for which fault depends on the cuts.
const ANSWER_HEAD: usize = 64 * 1024;

/// Where to cut, then what a client of HTTP/1.1 sends. If the cut is odd, an upgrade is refused and HTTP goes on.
pub fn request(bytes: &[u8]) {
    if let Some((cut, sent)) = bytes.split_first() {
        connection(*cut, sent);
    }
}

/// Where to cut, then a body in chunks and what follows it.
pub fn chunks(bytes: &[u8]) {
    let Some((cut, body)) = bytes.split_first() else {
        return;
    };
    let head = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let passed = connection(*cut, &[head, body].concat());
    let mut alone = Chunks::new(LIMITS.fields);
    match alone.vet(body) {
        Ok(clean) if alone.is_done() => assert!(passed.bytes.len() >= head.len() + clean),
        Ok(clean) => assert_eq!((passed.bytes.len(), passed.broken), (head.len() + clean, None)),
        Err((clean, fault)) => {
            let broken = Some(Broken::Body(fault));
            assert_eq!((passed.bytes.len(), passed.broken), (head.len() + clean, broken));
        }
    }
}

/// Where to cut, which also says what was asked for, then what a server of HTTP/1.1 sends.
pub fn answer(bytes: &[u8]) {
    let Some((cut, sent)) = bytes.split_first() else {
        return;
    };
    let sent = &sent[..sent.len().min(ANSWER_HEAD)];
    let asked = [Asked::Plain, Asked::Head, Asked::Switch][usize::from(cut % 3)];
    let mut vet = Vet::default();
    let whole = vetted(&mut vet, asked, &[sent]);
    for pieces in cuts(*cut, sent) {
        let cut = vetted(&mut Vet::default(), asked, &pieces);
        assert_eq!(whole, cut);
    }
    let Ok(used) = whole.read else { return };
    match answer_end(asked, sent) {
        Some(end) => assert_eq!((used, whole.at_rest), (end, true)),
        None => assert_eq!((used, whole.at_rest), (sent.len(), false)),
    }
    if whole.at_rest {
        let next = &[&sent[used..]];
        let afresh = vetted(&mut Vet::default(), asked, next);
        assert_eq!(
            vetted(&mut vet, asked, next),
            afresh,
            "an answer hangs on the last one"
        );
    }
}

/// Where to cut, then frames of HTTP/2: of a client after its preface, of ours to it, and of the client again.
pub fn http2(bytes: &[u8]) {
    let Some((cut, sent)) = bytes.split_first() else {
        return;
    };
    let now = Instant::now();
    for start in [&[], h2_guard::PREFACE] {
        let first = [start, sent].concat();
        let whole = talk(&[&first], &[sent], now);
        for (first, then) in cuts(*cut, &first).iter().zip(&cuts(*cut, sent)) {
            assert_eq!(talk(first, then, now), whole);
        }
    }
}

/// A header of the PROXY protocol.
pub fn proxy(bytes: &[u8]) {
    let _ = proxied::line(bytes);
    if let Some((head, rest)) = bytes.split_first_chunk() {
        let _ = (proxied::rest(*head), proxied::binary(*head, rest));
    }
    let Some(announced @ Announced::Client(client, server)) = announced(bytes) else {
        return;
    };
    for address in [client, server] {
        assert_eq!(
            address.ip(),
            address.ip().to_canonical(),
            "one client has two names"
        );
    }
    for version in [Version::One, Version::Two] {
        let header = proxied::write(version, client, server);
        assert!(header.len() <= LINE);
        assert_eq!(self::announced(&header), Some(announced));
    }
}

/// In two, in pieces of one length, and byte by byte.
fn cuts(cut: u8, bytes: &[u8]) -> [Vec<&[u8]>; 3] {
    let cut = usize::from(cut);
    let (before, after) = bytes.split_at(cut.min(bytes.len()));
    [
        vec![before, after],
        bytes.chunks(cut.max(1)).collect(),
        bytes.chunks(1).collect(),
    ]
}

/// What has passed of a connection.
#[derive(Debug, Default, PartialEq)]
struct Passed {
    bytes: Vec<u8>,
    broken: Option<Broken>,
    /// It ends with a message.
    at_rest: bool,
}

fn connection(cut: u8, sent: &[u8]) -> Passed {
    let goes_on = cut % 2 == 1;
    let (whole, _) = pass(&[sent], goes_on);
    let all = cuts(cut, sent).map(|pieces| pass(&pieces, goes_on));
    for (passed, _) in &all {
        assert_eq!(*passed, whole);
    }
    assert!(sent.starts_with(&whole.bytes), "what passes is not what came");
    let [.., (_, heads)] = all;
    assert_eq!(request_ends(&whole.bytes), (heads, whole.at_rest));
    whole
}

/// What passes of these pieces; and where heads end, which is certain only if they come byte by byte.
fn pass(pieces: &[&[u8]], goes_on: bool) -> (Passed, Vec<usize>) {
    let mut guard = Guard::new(LIMITS);
    let (mut held, mut passed, mut heads) = (Vec::new(), Passed::default(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            let in_head = guard.is_at_head();
            let vetted = guard.vet(&held);
            passed.bytes.extend(held.drain(..vetted.clean));
            if in_head && vetted.clean > 0 {
                heads.push(passed.bytes.len());
            }
            if let Some(broken) = vetted.broken {
                assert!(guard.is_over());
                assert_eq!(guard.vet(b"GET / HTTP/1.1\r\n\r\n").clean, 0);
                passed.broken = Some(broken);
                passed.at_rest = matches!(broken, Broken::Head(_));
                return (passed, heads);
            }
            if !(goes_on && guard.is_undecided()) {
                break;
            }
            guard.stay();
        }
    }
    passed.at_rest = guard.is_at_head() || guard.is_undecided();
    (passed, heads)
}

/// What is known of an answer.
#[derive(Debug, PartialEq)]
struct Known {
    /// How many octets belong to it.
    read: Result<usize, Fault>,
    at_rest: bool,
}

fn vetted(vet: &mut Vet, asked: Asked, pieces: &[&[u8]]) -> Known {
    vet.begin(asked);
    let mut read = Ok(0);
    for piece in pieces {
        read = read.and_then(|before| answered(vet, piece).map(|used| before + used));
        if read.is_err() || vet.is_at_rest() {
            break;
        }
    }
    Known {
        read,
        at_rest: vet.is_at_rest(),
    }
}

/// How many octets of these belong to the answer.
fn answered(vet: &mut Vet, bytes: &[u8]) -> Result<usize, Fault> {
    let mut at = 0;
    while at < bytes.len() && !vet.is_at_rest() {
        at += vet.next(&bytes[at..])?.octets();
    }
    Ok(at)
}

/// How a connection of HTTP/2 ends, and what it would be told.
fn talk(first: &[&[u8]], then: &[&[u8]], now: Instant) -> (Option<h2_guard::Fault>, [bool; 2], [u8; 17]) {
    let mut guard = h2_guard::Guard::new(Bounds::of(8192), now);
    let clock = || now;
    let mut all = || {
        first
            .iter()
            .try_for_each(|piece| guard.heard(piece, clock).map(drop))?;
        then.iter().try_for_each(|piece| guard.said(piece, clock))?;
        then.iter()
            .try_for_each(|piece| guard.heard(piece, clock).map(drop))
    };
    let fault = all().err();
    let calm = h2_guard::Fault {
        code: h2_guard::Code::EnhanceYourCalm,
        why: "",
    };
    let states = [guard.is_in_head(), guard.may_speak()];
    (fault, states, guard.goodbye(fault.unwrap_or(calm)))
}

fn announced(bytes: &[u8]) -> Option<Announced> {
    match Version::of(bytes.first_chunk()?).ok()? {
        Version::One => proxied::line(bytes).ok(),
        Version::Two => {
            let (head, rest) = bytes[START..].split_first_chunk()?;
            let rest = rest.get(..proxied::rest(*head).ok()?)?;
            proxied::binary(*head, rest).ok()
        }
    }
}
