//! What one hostile connection can make servers of HTTP/2 leave here: they share a connection to us, and send whatever they may.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::SendStream;
use http::Response;

use super::backlog::{fill, post};
use super::memory::{MEBIBYTE, connect, measured, weight};
use super::room::{everything, whole, with_queue};
use crate::support::frames::{DATA, END_STREAM, Frames, GET, SETTINGS, WINDOW_UPDATE};
use crate::support::{Ask, Gateway, H2Origin, policy};

/// Asks for a path.
fn ask(frames: &mut Frames, stream: u32, path: &str) {
    let mut fields = GET.to_vec();
    fields[2] = (":path", path);
    frames.request(stream, &fields, END_STREAM);
}

/// Grants each stream so much, and the connection all that it can be.
fn grant(frames: &mut Frames, window: u32) {
    frames.send(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat());
    frames.send(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    frames.settle();
}

#[test]
fn a_hundred_answers_that_nobody_reads() {
    for window in [i32::MAX.cast_unsigned(), 1] {
        let origin = H2Origin::playing(|call| async move {
            let (_, mut sending) = call.answer(Response::new(()));
            let _gone = sending.send_data(vec![b'x'; 1 << 20].into(), true);
        });
        let gateway = measured(policy([origin.address()]).upstream("http2 = true"));
        let weight = weight(&gateway, |at| {
            let mut frames = connect(&gateway, at);
            grant(&mut frames, window);
            (0..100).for_each(|at| ask(&mut frames, 2 * at + 1, "/"));
            origin.wait_for_calls(100 * usize::from(at));
            frames
        });
        assert!(weight < MEBIBYTE, "{weight} bytes with windows of {window}");
        gateway.stop();
    }
}

/// Each octet comes between large pieces of an answer that is read, so that it would keep what they were read into.
#[test]
fn octets_that_nobody_reads_between_others() {
    const LENGTH: usize = 2 << 20;
    let slow = Arc::<Mutex<Vec<SendStream<Bytes>>>>::default();
    let held = Arc::clone(&slow);
    let origin = H2Origin::playing(move |call| {
        let slow = Arc::clone(&held);
        async move {
            let fast = call.head.uri.path() == "/fast";
            let (_, mut sending) = call.answer(Response::new(()));
            if !fast {
                slow.lock().unwrap().push(sending);
                return;
            }
            let mut left = LENGTH;
            for round in 0.. {
                sending.reserve_capacity(left);
                let Some(Ok(_)) = poll_fn(|cx| sending.poll_capacity(cx)).await else {
                    return;
                };
                let piece = vec![b'x'; sending.capacity().min(left)];
                left -= piece.len();
                let _gone = sending.send_data(piece.into(), left == 0);
                if left == 0 {
                    return;
                }
                let mut slow = slow.lock().unwrap();
                let last = slow.len() - 1 - round % 10;
                let _gone = slow[last].send_data(Bytes::from_static(b"."), false);
            }
        }
    });
    let gateway = measured(policy([origin.address()]).upstream("http2 = true"));
    let weight = weight(&gateway, |at| {
        let mut frames = connect(&gateway, at);
        grant(&mut frames, 0);
        for slow in 0..10 {
            let stream = 2 * slow + 1;
            ask(&mut frames, stream, "/slow");
            assert_eq!(frames.fate(stream).unwrap().status(), Some(200));
        }
        ask(&mut frames, 21, "/fast");
        frames.send(WINDOW_UPDATE, 0, 21, &[0, 0x7f, 0, 0]);
        let mut left = LENGTH;
        while left > 0 {
            let frame = frames.next().expect("it is read to its end");
            if frame.kind == DATA && frame.stream == 21 {
                left -= frame.payload.len();
            }
        }
        frames
    });
    assert!(weight < MEBIBYTE / 4, "{weight} bytes");
    gateway.stop();
}

/// Octets of bodies with other things between them, each in a buffer of its own.
fn scattered(frames: &mut Frames, streams: [u32; 4]) {
    for at in 0..12 {
        frames.send(DATA, 0, streams[at % 4], &[b'x'; 256]);
        fill(frames);
    }
}

type Bodies = fn(&mut Frames, [u32; 4]);

/// A server that answers what is large, and nothing else.
fn busy() -> H2Origin {
    H2Origin::playing(|call| async move {
        if call.head.uri.path() != "/large" {
            pending::<()>().await;
        }
        let (_, mut sending) = call.answer(Response::new(()));
        let _gone = sending.send_data(vec![b'x'; 512 << 10].into(), true);
    })
}

/// As `room::everything_at_once` with servers of HTTP/1.1, and the worst that was found with others.
#[test]
fn everything_at_once_here() {
    for (bodies, mixture) in [(whole as Bodies, (10, 86)), (scattered, (0, 92))] {
        let origin = busy();
        let gateway = measured(with_queue(origin.address(), "http2 = true"));
        let first = Ask::get("/queue").start(gateway.http());
        origin.wait_for_calls(1);
        let weight = weight(&gateway, |at| everything(&gateway, at, bodies, mixture));
        assert!(weight < MEBIBYTE, "{weight} bytes with {mixture:?}");
        drop(first);
        gateway.stop();
    }
}

/// What each request holds more than with servers of HTTP/1.1, where as many have room (`pieces`), is found by having fewer of
/// them. They wait, so that no server may send anything ahead.
#[test]
fn requests_with_bodies_leave_room_for_their_streams() {
    let origin = busy();
    let gateway = Gateway::start(with_queue(origin.address(), "http2 = true"));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let mut frames = connect(&gateway, 1);
    for at in 0..95 {
        assert!(frames.request(2 * at + 1, &post("/queue"), 0));
    }
    frames.settle();
    let metrics = gateway.metrics();
    let refused = metrics.count("portcullis_malformed_requests_total", &[("reason", "http2_room")]);
    assert!((1..10).contains(&refused), "{refused}");
    drop(first);
    gateway.stop();
}
