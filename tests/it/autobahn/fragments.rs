//! Section 5: messages in fragments, and what may and may not stand between them.

use super::{Case, Chop, FIN, PING, PONG, PROTOCOL_ERROR, TEXT, frame, ping, run, text};

fn first(payload: &str) -> Vec<u8> {
    frame(TEXT, payload)
}

fn more(payload: &str) -> Vec<u8> {
    frame(0, payload)
}

fn last(payload: &str) -> Vec<u8> {
    frame(FIN, payload)
}

fn fails(name: &str, frames: Vec<Vec<u8>>, chop: Chop) -> Case {
    Case::unclosed(name, frames, chop).closed_with(PROTOCOL_ERROR)
}

fn passes(name: &str, frames: Vec<Vec<u8>>, chop: Chop) -> Case {
    Case::new(name, frames, chop)
}

#[test]
fn control_frames_come_whole() {
    run([
        fails(
            "5.1",
            vec![frame(PING, "fragment1"), last("fragment2")],
            Chop::Whole,
        ),
        fails(
            "5.2",
            vec![frame(PONG, "fragment1"), last("fragment2")],
            Chop::Whole,
        ),
    ]);
}

#[test]
fn fragments_are_one_message() {
    let two = || vec![first("fragment1"), last("fragment2")];
    let around_a_ping = || vec![first("fragment1"), ping("ping"), last("fragment2")];
    let both = "fragment1fragment2";
    run([
        passes("5.3", two(), Chop::Whole).hears(TEXT, both),
        passes("5.4", two(), Chop::Frames).hears(TEXT, both),
        passes("5.5", two(), Chop::Bytes).hears(TEXT, both),
        passes("5.6", around_a_ping(), Chop::Whole)
            .hears(PONG, "ping")
            .hears(TEXT, both),
        passes("5.7", around_a_ping(), Chop::Frames)
            .hears(PONG, "ping")
            .hears(TEXT, both),
        passes("5.8", around_a_ping(), Chop::Bytes)
            .hears(PONG, "ping")
            .hears(TEXT, both),
    ]);
}

#[test]
fn what_continues_nothing_fails() {
    let [whole, frames, bytes] = [Chop::Whole, Chop::Frames, Chop::Bytes];
    let lone = |last_one: bool| {
        let odd = if last_one {
            last("nothing to continue")
        } else {
            more("nothing to continue")
        };
        vec![odd, text("Hello, world!")]
    };
    let after_the_end = || {
        vec![
            first("fragment1"),
            last("fragment2"),
            more("fragment3"),
            first("fragment4"),
            last("fragment5"),
        ]
    };
    let again = |end: u8| {
        let round = [frame(end, "fragment1"), text("fragment2"), last("fragment3")];
        [round.clone(), round].concat()
    };
    run([
        fails("5.9", lone(true), whole),
        fails("5.10", lone(true), frames),
        fails("5.11", lone(true), bytes),
        fails("5.12", lone(false), whole),
        fails("5.13", lone(false), frames),
        fails("5.14", lone(false), bytes),
        fails("5.15", after_the_end(), whole).hears(TEXT, "fragment1fragment2"),
        fails("5.16", again(0), whole),
        fails("5.17", again(FIN), whole),
        fails("5.18", vec![first("fragment1"), text("fragment2")], whole),
    ]);
}

#[test]
fn pings_between_many_fragments_are_answered_where_they_stand() {
    let parts = || {
        vec![
            first("fragment1"),
            more("fragment2"),
            ping("one"),
            more("fragment3"),
            more("fragment4"),
            ping("two"),
            last("fragment5"),
        ]
    };
    let all = "fragment1fragment2fragment3fragment4fragment5";
    let heard = |case: Case| case.hears(PONG, "one").hears(PONG, "two").hears(TEXT, all);
    run([
        heard(passes("5.19", parts(), Chop::Frames)),
        heard(passes("5.20", parts(), Chop::Whole)),
        heard(passes("5.20 byte by byte", parts(), Chop::Bytes)),
    ]);
}
