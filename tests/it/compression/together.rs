//! Many compressed answers at once on one connection of HTTP/2, which share what that may hold: all arrive whole, and they
//! are little larger than one alone.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;

use super::{asking, json, records};
use crate::support::frames::{DATA, END_STREAM, Frames, GET, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use crate::support::{Gate, Gateway, Origin, Proto, policy};

const LARGE: usize = 1 << 20;

/// Asks for so many at once, which are answered when all have been asked for; what comes for each.
fn download(gateway: &Gateway, streams: usize, answer: impl Fn()) -> HashMap<u32, Vec<u8>> {
    let mut frames = Frames::over(Proto::H2c, gateway);
    frames.send(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    frames.settle();
    let asking = [&GET[..], &[("accept-encoding", "gzip")]].concat();
    let mut came = HashMap::new();
    for stream in (1..).step_by(2).take(streams) {
        frames.request(stream, &asking, END_STREAM);
        came.insert(stream, Vec::new());
    }
    answer();
    let mut under_way = streams;
    while under_way > 0 {
        let frame = frames.next().expect("the rest of the answers");
        assert!(frame.kind != RST_STREAM, "{frame:?}");
        if frame.kind == DATA {
            came.get_mut(&frame.stream).unwrap().extend(frame.payload);
            under_way -= usize::from(frame.flags & END_STREAM);
        }
    }
    came
}

#[test]
fn many_at_once_are_little_larger_than_one_alone() {
    let (large, gate) = (records(LARGE), Gate::default());
    let (body, held) = (large.clone(), gate.clone());
    let origin = Origin::playing(move |_, line| {
        assert!(held.wait());
        line.reply(&json(&body));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    gate.pass_one();
    let alone = asking("/").to(gateway.http()).body.bytes.len();
    let mut asked = 1;
    for (streams, percent) in [(1, 104), (10, 125), (80, 145)] {
        asked += streams;
        let came = download(&gateway, streams, || {
            origin.wait_for_calls(asked);
            (0..streams).for_each(|_| gate.pass_one());
        });
        for coded in came.values() {
            let (mut plain, mut decoder) = (Vec::new(), GzDecoder::new(&coded[..]));
            decoder.read_to_end(&mut plain).unwrap();
            assert!(
                plain == large.as_bytes(),
                "of {streams} at once, one is something else"
            );
            assert!(
                decoder.into_inner().is_empty(),
                "one member, and nothing after it"
            );
        }
        let mean = came.values().map(Vec::len).sum::<usize>() / streams;
        assert!(
            mean * 100 <= alone * percent,
            "{mean} bytes of {streams} at once, {alone} alone"
        );
    }
    gateway.stop();
}
