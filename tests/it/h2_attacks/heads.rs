//! Request heads that cost more to read than to send: in endless pieces (CVE-2024-27316), grown from a few bytes by
//! the table of header compression, made of thousands of fields, or never finished.

use std::time::{Duration, Instant};

use super::{ENHANCE_YOUR_CALM, attack, counted, ended, flood};
use crate::support::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, SETTINGS, block,
};
use crate::support::{Certs, Gateway, Origin, Proto, policy};

const PROTOCOL: u32 = 1;

fn endless(piece: &[u8], most: usize) {
    attack(Origin::echo, |origin, gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        frames.send(HEADERS, END_STREAM, 1, &block(&GET));
        let sent = flood(&mut frames, 100_000, |frames, _| {
            frames.send(CONTINUATION, 0, 1, piece)
        });
        assert!(sent < most, "{sent} frames of {} bytes", piece.len());
        ended(frames, &[ENHANCE_YOUR_CALM]);
        counted(gateway, "http2_flood");
        assert!(origin.calls().is_empty());
    });
}

#[test]
fn a_head_of_endless_pieces_ends_the_connection() {
    endless(&[], 100_000);
    endless(&block(&[("x-more", "y")]), 100_000);
    endless(&block(&[("x-more", &"y".repeat(16_000))]), 10_000);
}

#[test]
fn the_limit_of_heads_is_advertised() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).listener("max_head = \"16KiB\""));
    let settings = Frames::open(gateway.http()).next_of(SETTINGS);
    let limit = settings.payload.chunks(6).find(|setting| setting[..2] == [0, 6]);
    assert_eq!(limit.unwrap()[2..], (16_u32 << 10).to_be_bytes());
    gateway.stop();
}

#[test]
fn a_head_that_grows_when_it_is_read_is_refused() {
    attack(Origin::echo, |origin, gateway, proto| {
        let before = gateway.resident();
        let mut frames = Frames::over(proto, gateway);
        // Four kilobytes into the table of the connection, and then one byte for each time they are meant.
        let large = "x".repeat(4000);
        let mut first = block(&GET);
        first.extend([0x40, 1, b'x', 0x7f, 0xa1, 0x1e]);
        first.extend(large.as_bytes());
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &first);
        frames.settle();
        let bomb = [block(&GET), vec![0xbe; 16_000 - 200]].concat();
        let mut stream = 3;
        while stream < 2000 && frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &bomb) {
            stream += 2;
        }
        ended(frames, &[ENHANCE_YOUR_CALM, PROTOCOL]);
        assert!(origin.calls().len() <= 1, "{} came through", origin.calls().len());
        let grown = gateway.resident().saturating_sub(before);
        assert!(grown < 4 << 20, "it grew by {grown} bytes");
    });
}

#[test]
fn a_small_bomb_is_refused_and_its_connection_goes_on() {
    attack(Origin::echo, |origin, gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        let mut first = block(&GET);
        first.extend([0x40, 1, b'x', 0x7f, 0xa1, 0x1e]);
        first.extend([b'x'; 4000]);
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &first);
        assert_eq!(frames.fate(1).unwrap().status(), Some(200));
        // Ten times four kilobytes: more than a head may have, and less than what ends the connection.
        let bomb = [block(&GET), vec![0xbe; 10]].concat();
        frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &bomb);
        let fate = frames.fate(3).unwrap();
        assert!(
            fate.kind != GOAWAY && (fate.kind != HEADERS || fate.status() != Some(200)),
            "{fate:?}"
        );
        frames.request(5, &GET, END_STREAM);
        assert_eq!(frames.fate(5).unwrap().status(), Some(200));
        assert_eq!(origin.calls().len(), 2);
    });
}

#[test]
fn a_head_of_many_fields_is_refused() {
    attack(Origin::echo, |origin, gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        // `accept: ` by its number in the static table, one byte each.
        let many = [block(&GET), vec![0x93; 900]].concat();
        frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &many);
        let fate = frames.fate(1).unwrap();
        assert!(fate.kind == HEADERS && fate.status().is_none(), "431: {fate:?}");
        assert!(origin.calls().is_empty());
    });
}

#[test]
fn a_head_that_is_never_finished_ends_by_its_deadline() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    let gateway = Gateway::start(
        policy([origin.address()])
            .listener("timeouts = { request_head = \"300ms\", keep_alive_idle = \"60s\" }")
            .tls(&certs)
            .and("[listeners.https.timeouts]\nrequest_head = \"300ms\"\nkeep_alive_idle = \"60s\""),
    );
    for proto in [Proto::H2c, Proto::H2Tls] {
        let start = Instant::now();
        let mut frames = Frames::over(proto, &gateway);
        frames.send(HEADERS, END_STREAM, 1, &block(&GET));
        // A byte now and then does not help.
        let mut head = [0, 0, 100, CONTINUATION, 0, 0, 0, 0, 1].to_vec();
        head.extend([0; 20]);
        for byte in head {
            if !frames.raw(&[byte]) {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        frames.rest();
        let took = Instant::now() - start;
        assert!(took < Duration::from_secs(10), "{proto:?}: {took:?}");
    }
    assert!(origin.calls().is_empty());
    gateway.stop();
}
