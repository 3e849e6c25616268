//! Frames of ours go between those of h2, and never before the head of their stream, however little the socket takes at once.

use std::task::Waker;

use super::*;
use crate::upstream::http2::windows::{LEAST, Start};

/// Takes now and then some octets, now and then none.
#[derive(Default)]
struct Narrow {
    taken: Vec<u8>,
    random: fastrand::Rng,
}

impl AsyncWrite for Narrow {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.random.bool() {
            return Poll::Pending;
        }
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let most = self.random.usize(1..60).min(all.len());
        self.taken.extend_from_slice(&all[..most]);
        Poll::Ready(Ok(most))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn write(outlet: &mut Outlet, socket: &mut Narrow, mut bytes: &[u8]) {
    let mut cx = Context::from_waker(Waker::noop());
    while !bytes.is_empty() {
        let (front, back) = bytes.split_at(bytes.len() / 2);
        let pieces = [IoSlice::new(front), IoSlice::new(back)];
        if let Poll::Ready(written) = outlet.poll_write(Pin::new(socket), &mut cx, &pieces) {
            bytes = &bytes[written.unwrap()..];
        }
    }
    while outlet.poll_flush(Pin::new(socket), &mut cx).is_pending() {}
}

/// Each frame's kind, stream and payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() {
        let head = Head::read(*head);
        let (payload, rest) = rest.split_at(head.length as usize);
        all.push((head.kind, head.stream, payload.to_vec()));
        bytes = rest;
    }
    all
}

#[test]
fn whatever_the_socket_takes_frames_stay_whole_and_windows_come_behind_heads() {
    for seed in 0..300 {
        let windows = Arc::new(Windows::new(Start::Least));
        let mut outlet = Outlet::new(&windows);
        let mut socket = Narrow {
            random: fastrand::Rng::with_seed(seed),
            ..Narrow::default()
        };
        let settings = frame(
            kind::SETTINGS,
            0,
            0,
            &[0, 4, 0x7f, 0xff, 0xff, 0xff, 0, 2, 0, 0, 0, 0],
        );
        write(&mut outlet, &mut socket, &[PREFACE, &settings].concat());
        let mut theirs = Vec::new();
        for stream in [1, 3, 5, 7] {
            windows.open(stream, 10_000);
            // The head in two, with nothing between them, and before it a body of the last.
            theirs.extend(frame(kind::DATA, 0, 1, &[7; 50]));
            theirs.extend(frame(kind::HEADERS, 0, stream, &[1; 30]));
            theirs.extend(frame(kind::CONTINUATION, flag::END_HEADERS, stream, &[2; 30]));
            if stream % 4 == 3 {
                write(&mut outlet, &mut socket, &std::mem::take(&mut theirs));
            }
        }
        let all = frames(socket.taken.strip_prefix(PREFACE).unwrap());
        assert_eq!(all[0].2[2..6], LEAST.to_be_bytes(), "what is announced");
        let mut seen = Vec::new();
        let mut granted = Vec::new();
        for (at, (kind, stream, payload)) in all.iter().enumerate().skip(1) {
            match *kind {
                kind::WINDOW_UPDATE => {
                    assert!(seen.contains(stream), "{stream} is not known yet (seed {seed})");
                    assert_eq!(payload[..], (10_000 - LEAST).to_be_bytes());
                    granted.push(*stream);
                }
                kind::HEADERS => assert_eq!(all[at + 1].0, kind::CONTINUATION, "seed {seed}"),
                kind::CONTINUATION => seen.push(*stream),
                _ => {}
            }
        }
        granted.sort_unstable();
        assert_eq!(
            (seen, granted),
            (vec![1, 3, 5, 7], vec![1, 3, 5, 7]),
            "seed {seed}"
        );
    }
}
