//! One connection as a whole: floods are cut, what clients really do is not, and no way to cut the bytes matters.

use std::time::Duration;

use proptest::prelude::*;

use super::frame::{flag, kind};
use super::*;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn get(stream: u32) -> Vec<u8> {
    frame(
        kind::HEADERS,
        flag::END_HEADERS | flag::END_STREAM,
        stream,
        b"\x82",
    )
}

struct Client {
    guard: Guard,
    now: Instant,
}

impl Client {
    fn new() -> Self {
        let now = Instant::now();
        let mut client = Self {
            guard: Guard::new(Bounds::of(65536), now),
            now,
        };
        client.send(PREFACE).unwrap();
        client.send(&frame(kind::SETTINGS, 0, 0, &[])).unwrap();
        client
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let now = self.now;
        self.guard.heard(bytes, || now).map(drop)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let now = self.now;
        self.guard.said(bytes, || now)
    }

    /// How many of these it may send, and what it is told then.
    fn floods(&mut self, mut flood: impl FnMut(u32) -> Vec<u8>) -> (u32, Fault) {
        (0..100_000)
            .find_map(|at| self.send(&flood(at)).err().map(|fault| (at, fault)))
            .expect("it may go on")
    }
}

#[test]
fn opening_and_resetting_ends_soon() {
    let (streams, fault) = Client::new().floods(|at| {
        let stream = 2 * at + 1;
        [get(stream), frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    });
    assert_eq!((streams, fault.code), (40, Code::EnhanceYourCalm));
}

#[test]
fn making_us_reset_ends_soon() {
    let mut client = Client::new();
    let mut stream = 1;
    let fault = loop {
        client.send(&get(stream)).unwrap();
        let reset = frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 1]);
        let (one, other) = reset.split_at(11);
        client.read(one).unwrap();
        if let Err(fault) = client.read(other) {
            break fault;
        }
        stream += 2;
    };
    assert_eq!(fault.code, Code::EnhanceYourCalm);
    assert!(stream < 2 * 50, "{stream}");
}

#[test]
fn our_own_trouble_is_not_the_clients() {
    let mut client = Client::new();
    for at in 0..1000 {
        let stream = 2 * at + 1;
        client.send(&get(stream)).unwrap();
        for code in [0, 2, 8] {
            client
                .read(&frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, code]))
                .unwrap();
        }
    }
}

#[test]
fn who_is_answered_may_change_its_mind_now_and_then() {
    let mut client = Client::new();
    for at in 0..1000 {
        let stream = 4 * at + 1;
        client.send(&get(stream)).unwrap();
        client
            .read(&frame(kind::HEADERS, flag::END_HEADERS, stream, b"\x88"))
            .unwrap();
        client
            .read(&frame(kind::DATA, flag::END_STREAM, stream, b"body"))
            .unwrap();
        client.send(&get(stream + 2)).unwrap();
        client
            .send(&frame(kind::RST_STREAM, 0, stream + 2, &[0, 0, 0, 8]))
            .unwrap();
    }
}

#[test]
fn frames_that_bring_nothing_end_soon() {
    for flood in [
        frame(kind::PING, 0, 0, b"12345678"),
        frame(kind::SETTINGS, 0, 0, &[]),
        frame(kind::PRIORITY, 0, 5, &[0, 0, 0, 1, 9]),
        frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(kind::PRIORITY_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(99, 0, 0, b"what?"),
        frame(kind::GOAWAY, 0, 0, &[0; 8]),
    ] {
        let (sent, fault) = Client::new().floods(|_| flood.clone());
        assert_eq!(fault.code, Code::EnhanceYourCalm);
        assert!(sent <= 1000, "{flood:?}: {sent}");
    }
}

#[test]
fn empty_data_ends_soon() {
    let mut client = Client::new();
    client
        .send(&frame(kind::HEADERS, flag::END_HEADERS, 1, b"\x82"))
        .unwrap();
    let hollow = frame(kind::DATA, flag::PADDED, 1, &[3, 0, 0, 0]);
    for empty in [frame(kind::DATA, 0, 1, &[]), hollow] {
        let (sent, fault) = client.floods(|_| empty.clone());
        assert_eq!((sent < 200, fault.code), (true, Code::EnhanceYourCalm));
        client.now += Duration::from_mins(1);
    }
}

#[test]
fn a_long_life_may_hold_any_number_of_pings() {
    let mut client = Client::new();
    for _ in 0..10_000 {
        client.now += Duration::from_millis(50);
        client.send(&frame(kind::PING, 0, 0, b"12345678")).unwrap();
    }
}

#[test]
fn a_head_has_a_bounded_number_of_frames_and_bytes() {
    let open = frame(kind::HEADERS, 0, 1, b"\x82");
    for (piece, most) in [(0, 6), (1, 6), (16_384, 9)] {
        let mut client = Client::new();
        client.send(&open).unwrap();
        let (sent, fault) = client.floods(|_| frame(kind::CONTINUATION, 0, 1, &vec![0; piece]));
        assert_eq!(fault.code, Code::EnhanceYourCalm);
        assert!(sent < most, "{piece}: {sent}");
        assert!(client.guard.is_in_head());
    }
}

#[test]
fn streams_beyond_all_bounds_end_the_connection() {
    let (opened, fault) = Client::new().floods(|at| get(2 * at + 1));
    assert_eq!((opened, fault.code), (256, Code::EnhanceYourCalm));
}

/// What an ordinary client sends: uploads, downloads, pings, and a head in pieces.
fn ordinary() -> Vec<u8> {
    [
        PREFACE.to_vec(),
        frame(kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0]),
        frame(kind::WINDOW_UPDATE, 0, 0, &[0, 1, 0, 0]),
        frame(
            kind::HEADERS,
            flag::END_HEADERS | flag::PRIORITY,
            1,
            &[0, 0, 0, 0, 9, 0x82],
        ),
        frame(kind::DATA, flag::PADDED, 1, &[3, 1, 2, 3, 0, 0, 0]),
        frame(kind::SETTINGS, flag::ACK, 0, &[]),
        frame(kind::PING, 0, 0, b"12345678"),
        frame(kind::DATA, flag::END_STREAM, 1, &[9; 300]),
        frame(kind::HEADERS, flag::END_STREAM, 3, &[0x82]),
        frame(kind::CONTINUATION, 0, 3, &[0x86]),
        frame(kind::CONTINUATION, flag::END_HEADERS, 3, &[0x84]),
        frame(kind::PRIORITY_UPDATE, 0, 0, &[0, 0, 0, 3, b'u']),
        frame(kind::RST_STREAM, 0, 3, &[0, 0, 0, 8]),
    ]
    .concat()
}

proptest! {
    #[test]
    fn the_verdict_does_not_hang_on_where_the_bytes_are_cut(
        cuts in prop::collection::vec(0usize..600, 0..20),
        spoil in prop::option::of((24usize..600, any::<u8>())),
    ) {
        let mut bytes = ordinary();
        if let Some((at, byte)) = spoil && let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        let now = Instant::now();
        let whole = Guard::new(Bounds::of(8192), now).heard(&bytes, || now);
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut guard = Guard::new(Bounds::of(8192), now);
        let pieces: Result<usize, Fault> = cuts
            .windows(2)
            .map(|cut| guard.heard(&bytes[cut[0]..cut[1]], || now))
            .sum();
        prop_assert_eq!(whole, pieces);
        if spoil.is_none() {
            prop_assert_eq!(whole, Ok(2));
        }
    }
}
