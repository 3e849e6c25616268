//! Whatever is gathered and however readers lag: each stream comes out as it went in, and nothing stays behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::*;
use crate::http::h2_guard::frame::{Follower, Step, flag, kind};
use crate::http::h2_guard::{Bounds, PREFACE};
use crate::http::room::Room;
use crate::http::room::backlog::Reader;
use crate::http::room::desk::Desk;

/// Bytes as the socket has them, piece by piece.
struct Script(VecDeque<Vec<u8>>);

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(mut piece) = self.0.pop_front() else {
            return Poll::Pending;
        };
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if !rest.is_empty() {
            self.0.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What came of one stream: octets, and by which kind of frame it ended.
type Told = BTreeMap<u32, (Vec<u8>, Option<u8>)>;

fn tell(told: &mut Told, head: Head, payload: &[u8]) {
    if head.stream == 0 {
        return;
    }
    let (octets, end) = told.entry(head.stream).or_default();
    assert_eq!(*end, None, "nothing comes after the end");
    if head.kind == kind::DATA {
        let padding = if head.has(flag::PADDED) {
            usize::from(payload[0]) + 1
        } else {
            0
        };
        let from = usize::from(head.has(flag::PADDED));
        octets.extend(&payload[from..payload.len() + from - padding]);
    }
    let ends = head.has(flag::END_STREAM) || head.kind == kind::RST_STREAM;
    *end = ends.then_some(head.kind);
}

fn told(bytes: &[u8]) -> Told {
    let (mut told, mut follower, mut left) = (Told::new(), Follower::default(), bytes);
    let mut open: Option<(Head, Vec<u8>)> = None;
    while let Some(step) = follower.step(&mut left) {
        match step {
            Step::Head(head) => open = Some((head, Vec::new())),
            Step::Payload(piece) => open.as_mut().unwrap().1.extend(piece),
        }
        if follower.is_between()
            && let Some((head, payload)) = open.take()
        {
            tell(&mut told, head, &payload);
        }
    }
    assert!(open.is_none() && left.is_empty(), "whole frames");
    told
}

/// The gateway behind it, which takes what it likes.
struct Behind {
    intake: Intake,
    desk: Arc<Desk>,
    passed: Vec<u8>,
    readers: Vec<Reader>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Behind {
    fn new() -> Self {
        let (room, desk) = (Arc::<Room>::default(), Arc::<Desk>::default());
        let guard = Guard::new(Bounds::of(8192), Instant::now());
        let mut new = Self {
            intake: Intake::new(guard, Backlogs::new(&room, &desk)),
            desk,
            passed: Vec::new(),
            readers: Vec::new(),
            woken: Arc::default(),
        };
        new.read(
            &mut Script([PREFACE.to_vec(), frame(kind::SETTINGS, 0, 0, &[])].into()),
            100,
        );
        new.passed.clear();
        new
    }

    /// Reads until there is nothing more for now, a buffer of this size at a time.
    fn read(&mut self, socket: &mut Script, size: usize) {
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        let mut idle = 0;
        while idle < 3 {
            let mut bytes = vec![0; size];
            let mut buf = ReadBuf::new(&mut bytes);
            let polled = self
                .intake
                .poll_read(socket, &mut context, &mut buf, Instant::now);
            self.readers.extend(self.desk.reader());
            match polled {
                Poll::Ready(Ok(())) => idle = 0,
                Poll::Ready(Err(_)) => panic!("it was sound"),
                Poll::Pending => idle += 1,
            }
            self.passed.extend(buf.filled());
        }
    }
}

/// A stream's next frame: how large, how padded, whether it ends, by which kind.
fn next() -> impl Strategy<Value = (usize, usize, Option<u8>, bool)> {
    let size = prop_oneof![4 => 0usize..40, 2 => 40usize..3000, 1 => 3000usize..16000];
    let padding = prop_oneof![6 => Just(0usize), 1 => 1usize..20];
    let end = prop_oneof![12 => Just(None), 1 => (0u8..3).prop_map(Some)];
    (size, padding, end, any::<bool>())
}

proptest! {
    #[test]
    fn every_stream_comes_out_as_it_went_in(
        steps in prop::collection::vec((0u32..4, next(), prop::bool::weighted(0.1)), 1..120),
        cut in 1usize..5000,
        size in prop_oneof![1usize..30, 30usize..9000],
    ) {
        let mut behind = Behind::new();
        let (mut sent, mut over, mut opened) = (Vec::new(), [false; 4], 0);
        let mut pending = Vec::new();
        for (at, (stream, (octets, padding, end, ping), reads)) in steps.iter().enumerate() {
            let id = 2 * stream + 1;
            while opened <= *stream {
                pending.extend(frame(kind::HEADERS, flag::END_HEADERS, 2 * opened + 1, &[0x83]));
                opened += 1;
            }
            if *ping {
                pending.extend(frame(kind::PING, 0, 0, b"12345678"));
            }
            if !over[*stream as usize] {
                let ends = if *end == Some(0) { flag::END_STREAM } else { 0 };
                let body = vec![u8::try_from(at).unwrap(); *octets];
                pending.extend(if *padding > 0 {
                    let around = u8::try_from(padding - 1).unwrap();
                    frame(kind::DATA, flag::PADDED | ends, id, &[&[around], &body[..], &vec![0; padding - 1]].concat())
                } else {
                    frame(kind::DATA, ends, id, &body)
                });
                match end {
                    Some(1) => pending.extend(frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, id, &[0x90])),
                    Some(2) => pending.extend(frame(kind::RST_STREAM, 0, id, &[0, 0, 0, 8])),
                    _ => {}
                }
                over[*stream as usize] = end.is_some();
            }
            if *reads {
                sent.extend(&pending);
                let mut script = Script(pending.chunks(cut).map(<[u8]>::to_vec).collect());
                pending.clear();
                behind.read(&mut script, size);
                behind.readers.iter().for_each(|reader| reader.took(usize::MAX / 2));
                behind.read(&mut script, size);
            }
        }
        sent.extend(&pending);
        let mut script = Script(pending.chunks(cut).map(<[u8]>::to_vec).collect());
        for _ in 0..400 {
            behind.read(&mut script, size);
            behind.readers.iter().for_each(|reader| reader.took(usize::MAX / 2));
        }
        prop_assert!(told(&behind.passed) == told(&sent), "what went in came out otherwise");
    }
}

#[test]
fn what_is_small_is_gathered_while_its_reader_lags() {
    let mut behind = Behind::new();
    let pieces = frame(kind::DATA, 0, 1, b"0123456789").repeat(1000);
    let opening = frame(kind::HEADERS, flag::END_HEADERS, 1, &[0x83]);
    let ping = frame(kind::PING, 0, 0, b"12345678");
    behind.read(&mut Script([opening, pieces, ping.clone()].into()), 8192);
    let before = behind.passed.len();
    assert!(before < 1000 && behind.passed.ends_with(&ping), "{before}");
    behind.readers[0].took(usize::MAX / 2);
    behind.read(&mut Script(VecDeque::new()), 8192);
    assert!((9000..11_000).contains(&(behind.passed.len() - before)));
    assert_eq!(told(&behind.passed)[&1].0.len(), 10_000);
}

#[test]
fn a_reader_that_has_taken_all_wakes_whoever_has_more_for_it() {
    for pieces in 1..40 {
        let mut behind = Behind::new();
        let opening = frame(kind::HEADERS, flag::END_HEADERS, 1, &[0x83]);
        behind.read(&mut Script([opening].into()), 8192);
        for at in 1..=pieces {
            let ends = if at == pieces { flag::END_STREAM } else { 0 };
            let piece = frame(kind::DATA, ends, 1, b"0123456789");
            behind.read(&mut Script([piece].into()), 8192);
        }
        let before = behind.woken.0.load(Relaxed);
        behind.readers[0].took(usize::MAX / 2);
        let late = told(&behind.passed)[&1].1.is_none();
        assert_eq!(late, behind.woken.0.load(Relaxed) > before, "{pieces} pieces");
        behind.read(&mut Script(VecDeque::new()), 8192);
        assert_eq!(
            told(&behind.passed)[&1],
            (b"0123456789".repeat(pieces), Some(kind::DATA))
        );
    }
}
