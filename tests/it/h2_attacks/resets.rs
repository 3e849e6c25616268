//! Streams that are opened to be reset: by the client (rapid reset, CVE-2023-44487), or by us for a fault that the
//! client makes on purpose (`MadeYouReset`, CVE-2025-8671). No stream counts as open, and each is work.

use super::{ENHANCE_YOUR_CALM, attack, counted, ended};
use crate::support::frames::{
    ACK, DATA, END_HEADERS, END_STREAM, Frames, GET, HEADERS, PING, PRIORITY, RST_STREAM, WINDOW_UPDATE,
    WITH_PRIORITY, block,
};
use crate::support::{Gate, Gateway, Origin, Proto, Reply};

const STREAM_CLOSED: u32 = 5;
const PROTOCOL: u32 = 1;
const FRAME_SIZE: u32 = 6;
/// What the issue allows.
const STREAMS: u32 = 200;
const REACHED: usize = 50;

/// An origin that never answers but one path, so that no stream ends by itself.
fn slow(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::playing(move |call, line| {
        if call.target == "/held" {
            gate.wait();
        }
        line.reply(&Reply::text("done"));
    })
}

const HELD: [(&str, &str); 4] = [GET[0], GET[1], (":path", "/held"), GET[3]];

/// The gateway has seen all that was sent. False once it has gone.
fn seen(frames: &mut Frames) -> bool {
    frames.send(PING, 0, 0, b"seen it?");
    while let Some(frame) = frames.next() {
        if frame.kind == PING && frame.flags == ACK {
            return true;
        }
    }
    false
}

/// Opens one stream after the other, each with the same end, until the connection is cut.
fn open_and_end(
    origin: &Origin,
    (gateway, proto): (&Gateway, Proto),
    patient: bool,
    codes: &[u32],
    end: impl Fn(&mut Frames, u32),
) {
    let mut frames = Frames::over(proto, gateway);
    let mut streams = 0;
    while streams < 10_000 {
        let stream = 2 * streams + 1;
        if !frames.request(stream, &HELD, END_STREAM) || (patient && !seen(&mut frames)) {
            break;
        }
        streams += 1;
        end(&mut frames, stream);
        if patient && !seen(&mut frames) {
            break;
        }
    }
    if patient {
        assert!(streams <= STREAMS, "{streams} streams before it was cut");
    }
    ended(frames, codes);
    assert!(
        origin.calls().len() < REACHED,
        "{} requests came through",
        origin.calls().len()
    );
}

fn reset(frames: &mut Frames, stream: u32) {
    frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
}

/// What a client does to a stream.
type Fault = fn(&mut Frames, u32);

#[test]
fn rapid_resets_in_one_breath_are_cut() {
    let gate = Gate::default();
    attack(
        || slow(&gate),
        |origin, gateway, proto| {
            open_and_end(origin, (gateway, proto), false, &[ENHANCE_YOUR_CALM], reset);
            counted(gateway, "http2_flood");
        },
    );
}

#[test]
fn rapid_resets_of_streams_that_were_taken_up_are_cut() {
    let gate = Gate::default();
    attack(
        || slow(&gate),
        |origin, gateway, proto| {
            open_and_end(origin, (gateway, proto), true, &[ENHANCE_YOUR_CALM], reset);
            counted(gateway, "http2_flood");
        },
    );
}

#[test]
fn faults_that_make_us_reset_are_cut() {
    let most = [0x7f, 0xff, 0xff, 0xff];
    let faults: [(&[u32], Fault); 6] = [
        (&[PROTOCOL], |frames, stream| {
            frames.send(WINDOW_UPDATE, 0, stream, &[0; 4]);
        }),
        (&[STREAM_CLOSED], |frames, stream| {
            frames.send(DATA, 0, stream, b"more");
        }),
        (&[STREAM_CLOSED], |frames, stream| {
            frames.request(stream, &GET, END_STREAM);
        }),
        (&[FRAME_SIZE], |frames, stream| {
            frames.send(PRIORITY, 0, stream, &[0; 4]);
        }),
        (&[PROTOCOL], |frames, stream| {
            let on = (stream + 2).to_be_bytes();
            let payload = [&on[..], &[9], &block(&GET)].concat();
            frames.send(
                HEADERS,
                END_HEADERS | END_STREAM | WITH_PRIORITY,
                stream + 2,
                &payload,
            );
        }),
        (&[PROTOCOL], |frames, stream| {
            frames.send(PRIORITY, 0, stream, &[&stream.to_be_bytes()[..], &[9]].concat());
        }),
    ];
    let gate = Gate::default();
    for (codes, fault) in faults {
        attack(
            || slow(&gate),
            |origin, gateway, proto| open_and_end(origin, (gateway, proto), true, codes, fault),
        );
    }
    attack(
        || slow(&gate),
        |origin, gateway, proto| {
            open_and_end(
                origin,
                (gateway, proto),
                true,
                &[ENHANCE_YOUR_CALM],
                |frames, stream| {
                    frames.send(WINDOW_UPDATE, 0, stream, &most);
                    frames.send(WINDOW_UPDATE, 0, stream, &most);
                },
            );
            counted(gateway, "http2_flood");
        },
    );
}

#[test]
fn bodies_that_belie_their_head_are_cut() {
    let gate = Gate::default();
    attack(
        || slow(&gate),
        |origin, gateway, proto| {
            let mut frames = Frames::over(proto, gateway);
            let fields = [&[(":method", "POST")], &HELD[1..], &[("content-length", "1")]].concat();
            let opened = (0..10_000).find(|at| {
                let stream = 2 * at + 1;
                frames.request(stream, &fields, 0);
                let here = seen(&mut frames);
                frames.send(DATA, END_STREAM, stream, b"more than one");
                !here || !seen(&mut frames)
            });
            assert!(opened.is_some_and(|streams| streams <= STREAMS), "{opened:?}");
            assert!(origin.calls().len() < REACHED);
        },
    );
}

#[test]
fn a_page_that_is_left_while_it_loads_is_no_attack() {
    let gate = Gate::default();
    attack(
        || slow(&gate),
        |origin, gateway, proto| {
            let mut frames = Frames::over(proto, gateway);
            for page in 0..20 {
                let first = page * 50 + 1;
                for stream in (first..first + 40).step_by(2) {
                    frames.request(stream, &GET, END_STREAM);
                    while frames.fate(stream).unwrap().kind != HEADERS {}
                }
                for stream in [first + 40, first + 42, first + 44] {
                    frames.request(stream, &HELD, END_STREAM);
                    reset(&mut frames, stream);
                }
            }
            assert!(seen(&mut frames), "it was cut");
            assert!(origin.calls().len() >= 400);
        },
    );
}
