//! Many answers at once on one connection of HTTP/2: eight are compressed, since each keeps an encoder, and the others pass
//! as they are.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;

use super::{chunk, json, records};
use crate::support::frames::{DATA, END_STREAM, Frames, GET, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use crate::support::{Gate, Gateway, Origin, Proto, policy};

const LARGE: usize = 1 << 20;
/// What a connection may have open.
const ENCODERS: usize = 8;

/// Asks for so many at once, whose bodies come when all heads have come; what comes of each.
fn download(gateway: &Gateway, streams: usize, gate: &Gate) -> HashMap<u32, Vec<u8>> {
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
    (0..streams).for_each(|_| drop(frames.next_of(HEADERS)));
    (0..streams).for_each(|_| gate.pass_one());
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

/// Whether it was compressed; in either case it must be all there.
#[track_caller]
fn compressed(came: &[u8], expected: &str) -> bool {
    if came == expected.as_bytes() {
        return false;
    }
    let (mut plain, mut decoder) = (Vec::new(), GzDecoder::new(came));
    decoder.read_to_end(&mut plain).unwrap();
    assert!(plain == expected.as_bytes(), "it is something else");
    assert!(
        decoder.into_inner().is_empty(),
        "one member, and nothing after it"
    );
    true
}

#[test]
fn eight_at_once_are_compressed_and_further_ones_pass_as_they_are() {
    let (large, gate) = (records(LARGE), Gate::default());
    let (body, held) = (large.clone(), gate.clone());
    let origin = Origin::playing(move |_, line| {
        line.send(json("").chunked_head());
        assert!(held.wait());
        line.send(chunk(&body));
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    // Those that have ended leave their places to those that come later.
    for streams in [ENCODERS, 40, 40] {
        let came = download(&gateway, streams, &gate);
        let coded = came.values().filter(|came| compressed(came, &large)).count();
        assert_eq!(coded, ENCODERS, "of {streams}");
    }
    gateway.stop();
}
