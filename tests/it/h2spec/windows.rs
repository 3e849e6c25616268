//! Flow control: RFC 9113 §6.9.

use crate::support::frames::{DATA, END_STREAM, Frames, GET, SETTINGS, WINDOW_UPDATE};

use super::{
    Case, Checked, Ends, FLOW_CONTROL, FRAME_SIZE, Fails, PROTOCOL, case, confirmed, play, post, setting,
};

const MOST: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];

fn window(frames: &mut Frames, size: u32) {
    frames.send(SETTINGS, 0, 0, &setting(4, size));
    confirmed(frames);
}

pub(super) static CASES: &[Case] = &[
    case("§6.9: an increment of 0", Ends(PROTOCOL), |frames| {
        frames.send(WINDOW_UPDATE, 0, 0, &[0; 4]);
    }),
    case(
        "§6.9: an increment of 0 on a stream",
        Fails(1, &[PROTOCOL]),
        |frames| {
            frames.request(1, &post(), 0);
            frames.send(WINDOW_UPDATE, 0, 1, &[0; 4]);
        },
    ),
    case(
        "§6.9: WINDOW_UPDATE of another length",
        Ends(FRAME_SIZE),
        |frames| {
            frames.send(WINDOW_UPDATE, 0, 0, &[0, 0, 1]);
        },
    ),
    case(
        "§6.9.1: no more is sent than there is room for",
        Checked,
        |frames| {
            confirmed(frames);
            window(frames, 1);
            frames.request(1, &GET, END_STREAM);
            assert_eq!(frames.next_of(DATA).payload.len(), 1);
        },
    ),
    case("§6.9.1: a window beyond 2^31-1", Ends(FLOW_CONTROL), |frames| {
        frames.send(WINDOW_UPDATE, 0, 0, &MOST);
        frames.send(WINDOW_UPDATE, 0, 0, &MOST);
    }),
    case(
        "§6.9.1: the window of a stream beyond 2^31-1",
        Fails(1, &[FLOW_CONTROL]),
        |frames| {
            frames.request(1, &post(), 0);
            frames.send(WINDOW_UPDATE, 0, 1, &MOST);
            frames.send(WINDOW_UPDATE, 0, 1, &MOST);
        },
    ),
    case(
        "§6.9.2: a change counts for open streams too",
        Checked,
        |frames| {
            confirmed(frames);
            window(frames, 0);
            frames.request(1, &GET, END_STREAM);
            frames.settle();
            frames.send(SETTINGS, 0, 0, &setting(4, 1));
            assert_eq!(frames.next_of(DATA).payload.len(), 1);
        },
    ),
    case("§6.9.2: a window may be negative", Checked, |frames| {
        confirmed(frames);
        window(frames, 3);
        frames.request(1, &GET, END_STREAM);
        assert_eq!(frames.next_of(DATA).payload.len(), 3);
        // Now -1: two more leave room for one.
        window(frames, 2);
        frames.send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2]);
        assert_eq!(frames.next_of(DATA).payload.len(), 1);
    }),
    case(
        "§6.9.2: a first window beyond 2^31-1",
        Ends(FLOW_CONTROL),
        |frames| {
            frames.raw(&[0, 0, 6, SETTINGS, 0, 0, 0, 0, 0]);
            frames.raw(&setting(4, 1 << 31));
        },
    ),
];

#[test]
fn windows_are_kept() {
    play(CASES);
}
