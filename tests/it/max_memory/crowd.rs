//! Five hundred hostile connections of mixed kinds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::support::frames::{DATA, END_STREAM, Frames, SETTINGS, WINDOW_UPDATE, frame};
use crate::support::{Ask, Gateway, Proto, Wire};

use super::{FREED_AT_ONCE, before, greedy, origin, small};

const CEILING: usize = 256 << 20;
const EACH: usize = 100;
const ORDINARY: usize = 1_000;

enum Hostile {
    Plain(#[expect(dead_code, reason = "held, not used")] Wire),
    Framed(#[expect(dead_code, reason = "held, not used")] Frames),
}

fn hostile(gateway: &Gateway, at: usize) -> Option<Hostile> {
    let plain = |bytes: Vec<u8>| {
        let mut wire = Wire::try_connect(gateway.http()).ok()?;
        let _refused = wire.try_send(bytes);
        Some(Hostile::Plain(wire))
    };
    match at % 5 {
        0 => Some(Hostile::Framed(greedy(gateway))),
        1 => plain(Ask::get("/").bytes()),
        2 => plain(
            [
                &b"POST /deaf HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 9000000\r\n\r\n"[..],
                &[b'x'; 1 << 16],
            ]
            .concat(),
        ),
        3 => {
            let mut frames = Frames::over(Proto::H2c, gateway);
            frames.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
            frames.send(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
            let post = [
                (":method", "POST"),
                (":path", "/deaf"),
                (":scheme", "http"),
                (":authority", "gateway.test"),
            ];
            for stream in 0..3 {
                frames.request(2 * stream + 1, &post, 0);
                let _refused = frames.raw(&frame(DATA, 0, 2 * stream + 1, &[b'x'; 1 << 14]));
            }
            frames.request(7, &super::GET, END_STREAM);
            Some(Hostile::Framed(frames))
        }
        _ => plain(Vec::new()),
    }
}

#[test]
fn five_hundred_hostile_connections_leave_the_ceiling_and_ordinary_requests_alone() {
    let origin = origin();
    let gateway = Gateway::start_with(
        before(&origin).workers(2).gateway("max_memory = \"256MiB\""),
        &[FREED_AT_ONCE],
    );
    let (over, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let served = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                most.fetch_max(gateway.resident(), Relaxed);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let crowd = scope.spawn(|| {
            (0..5 * EACH)
                .filter_map(|at| hostile(&gateway, at))
                .collect::<Vec<_>>()
        });
        let served = (0..ORDINARY).filter(|_| small(&gateway)).count();
        let crowd = crowd.join();
        let served = served + (0..ORDINARY).filter(|_| small(&gateway)).count();
        over.store(true, Relaxed);
        drop(crowd);
        served
    });
    let most = most.load(Relaxed);
    eprintln!(
        "{} MiB at most, {served} of {} ordinary requests served",
        most >> 20,
        2 * ORDINARY
    );
    assert!(most * 10 < CEILING * 13, "{} MiB", most >> 20);
    // Alone 99 of a hundred and more; here it shares the machine with other tests.
    assert!(
        served * 100 >= 2 * ORDINARY * 95,
        "{served} of {} were served",
        2 * ORDINARY
    );
    gateway.stop();
}
