//! What one hostile connection can make servers of HTTP/2 leave here: they share a connection to us, and send whatever they may.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::SendStream;
use http::Response;

use super::memory::{BOUND, connect, measured, weight};
use super::waiting::{everything, with_queue};
use crate::support::frames::{DATA, END_STREAM, Frames, GET, SETTINGS, WINDOW_UPDATE};
use crate::support::{Ask, H2Origin, policy};

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
        let weight = weight(&gateway, || {
            let mut frames = connect(&gateway);
            grant(&mut frames, window);
            (0..100).for_each(|at| ask(&mut frames, 2 * at + 1, "/"));
            origin.wait_for_calls(100);
            frames
        });
        assert!(weight < BOUND, "{weight} bytes with windows of {window}");
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
    let weight = weight(&gateway, || {
        let mut frames = connect(&gateway);
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
    assert!(weight < BOUND, "{weight} bytes");
    gateway.stop();
}

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

#[test]
fn everything_at_once_here() {
    let origin = busy();
    let gateway = measured(with_queue(origin.address(), "http2 = true"));
    let first = Ask::get("/queue").start(gateway.http());
    origin.wait_for_calls(1);
    let weight = weight(&gateway, || everything(&gateway));
    assert!(weight < BOUND, "{weight} bytes");
    drop(first);
    gateway.stop();
}
