//! A client of HTTP/2 that keeps us waiting, with its windows, its socket or its body: by a deadline it has gone, in the
//! clear and under TLS.

use crate::support::frames::{DATA, END_STREAM, Frames, GET, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use crate::support::policy::PolicyText;
use crate::support::reply::chunk;
use crate::support::{Certs, Gate, Gateway, Origin, Proto, Reply, policy};

const QUICK: &str = "[defaults.timeouts]\nclient_stall = \"500ms\"\nrequest_body_idle = \"500ms\"";

/// An origin whose answers have no end; the gate opens once it is rid of its client.
fn endless() -> (Origin, Gate) {
    let gone = Gate::default();
    let noticed = gone.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "application/octet-stream", "").chunked_head());
        let piece = chunk([b'x'; 1 << 14]);
        while line.send(&piece) {}
        noticed.open();
    });
    (origin, gone)
}

fn over_both(
    origin: impl Fn() -> (Origin, Gate),
    text: PolicyLines,
    play: impl Fn(&Gateway, &mut Frames, &Gate),
) {
    for proto in [Proto::H2c, Proto::H2Tls] {
        let ((origin, gate), certs) = (origin(), Certs::new());
        let gateway = Gateway::start(text(policy([origin.address()]).tls(&certs)));
        play(&gateway, &mut Frames::over(proto, &gateway), &gate);
        gateway.stop();
    }
}

type PolicyLines = fn(PolicyText) -> PolicyText;

fn quick(text: PolicyText) -> PolicyText {
    text.and(QUICK)
}

#[test]
fn a_window_of_nothing() {
    over_both(endless, quick, |gateway, frames, gone| {
        frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
        frames.request(1, &GET, END_STREAM);
        assert_eq!(frames.fate(1).unwrap().kind, HEADERS);
        assert!(gone.wait(), "the upstream was not told");
        assert_eq!(frames.next_of(RST_STREAM).stream, 1);
        gateway.wait_for_log("the line", |line| line["end"] == "client_stalled");
    });
}

#[test]
fn a_socket_that_nobody_reads() {
    over_both(endless, quick, |gateway, frames, gone| {
        frames.send(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
        frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
        frames.request(1, &GET, END_STREAM);
        assert!(gone.wait(), "the upstream was not told");
        gateway.wait_for_log("the line", |line| line["end"] == "client_stalled");
    });
}

#[test]
fn a_body_that_does_not_come() {
    let reading = || {
        let origin = Origin::playing(|_, line| {
            line.body();
        });
        (origin, Gate::default())
    };
    over_both(reading, quick, |gateway, frames, _| {
        let post = [&[(":method", "POST")], &GET[1..], &[("content-length", "100")]].concat();
        frames.request(1, &post, 0);
        frames.send(DATA, 0, 1, b"begun");
        let fate = frames.fate(1).unwrap();
        // 408 by its number in no table, or an end of the stream.
        assert!(fate.status() != Some(200), "{fate:?}");
        gateway.wait_for_log("the line", |line| line["refusal"] == "request_body_timeout");
    });
}

#[test]
fn a_connection_that_says_nothing() {
    let lines = |text: PolicyText| {
        let short = "request_head = \"300ms\", keep_alive_idle = \"300ms\"";
        text.listener(&format!("timeouts = {{ {short} }}")).and(&format!(
            "[listeners.https.timeouts]\n{}",
            short.replace(", ", "\n")
        ))
    };
    let none = || (Origin::echo(), Gate::default());
    over_both(none, lines, |_, frames, _| {
        // Greeted, and not a word more.
        frames.rest();
        // Agreed on nothing but the protocol at most, and not even greeted.
        frames.stranger().rest();
    });
}
