//! What a kept body takes, where it lies, and what it gives back.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http::HeaderValue;
use http_body_util::BodyExt;

use super::*;
use crate::http::inflow::{Flow, Inflow};
use std::task::{Context, Poll};

/// What a client sends; after the last piece it ends, or waits for ever.
struct Sent {
    frames: Vec<Frame<Bytes>>,
    ends: bool,
}

impl Flow for Sent {
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.frames.pop() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn is_over(&self) -> bool {
        false
    }

    fn left(&self) -> Option<u64> {
        None
    }
}

fn body(pieces: &[Vec<u8>], ends: bool) -> Body {
    let frames = pieces.iter().rev();
    let frames = frames
        .map(|piece| Frame::data(Bytes::from(piece.clone())))
        .collect();
    Body::streamed(
        Inflow::Own(Box::new(Sent { frames, ends })),
        Pace::default(),
        None,
    )
}

fn spill(max: u64) -> (tempfile::TempDir, Arc<Spill>, Arc<AtomicU64>) {
    let folder = tempfile::tempdir().unwrap();
    let used = Arc::<AtomicU64>::default();
    let spill = Arc::new(Spill::new(folder.path(), max, Arc::clone(&used)));
    (folder, spill, used)
}

fn pieces(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|at| vec![u8::try_from(at % 251).unwrap(); 1000])
        .collect()
}

async fn all(kept: &KeptBody) -> Vec<u8> {
    kept.read(|| None).collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn what_fits_into_memory_makes_no_file_and_is_read_twice() {
    let (_folder, spill, used) = spill(1 << 20);
    let mut keeper = Keeper::new(Bounds {
        max: 5000,
        memory: 5000,
        spill: Some(spill),
    });
    let sent = pieces(5);
    assert_eq!(
        keeper.fill(&mut body(&sent, true), None).await.unwrap(),
        Came::Whole
    );
    let kept = keeper.finish();
    assert_eq!(used.load(Relaxed), 0);
    for _ in 0..2 {
        assert_eq!(all(&kept).await, sent.concat());
    }
    assert_eq!(kept.read(|| None).size_hint().exact(), Some(5000));
}

#[tokio::test]
async fn the_rest_goes_to_a_file_without_a_name_and_all_is_given_back() {
    let (folder, spill, used) = spill(1 << 20);
    let mut keeper = Keeper::new(Bounds {
        max: 1 << 20,
        memory: 1500,
        spill: Some(spill),
    });
    let sent = pieces(301);
    assert_eq!(
        keeper.fill(&mut body(&sent, true), None).await.unwrap(),
        Came::Whole
    );
    let kept = keeper.finish();
    assert_eq!(used.load(Relaxed), 300_000, "one piece is in memory");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let first = kept.read(|| None);
    assert_eq!(first.size_hint().exact(), Some(301_000));
    assert_eq!(all(&kept).await, sent.concat());
    assert_eq!(all(&kept).await, sent.concat(), "and once more");
    drop((kept, first));
    assert_eq!(used.load(Relaxed), 0);
}

#[tokio::test]
async fn a_disk_that_is_all_in_use_is_told_and_what_was_taken_comes_back() {
    let (_folder, spill, used) = spill(2500);
    let mut keeper = Keeper::new(Bounds {
        max: 1 << 20,
        memory: 500,
        spill: Some(spill),
    });
    let fault = keeper.fill(&mut body(&pieces(9), true), None).await;
    assert!(matches!(fault, Err(Fault::Full)));
    drop(keeper);
    assert_eq!(used.load(Relaxed), 0);
}

#[tokio::test]
async fn a_bound_ends_it_and_what_came_is_there() {
    let bounds = Bounds {
        max: 2500,
        ..Bounds::default()
    };
    let mut keeper = Keeper::new(bounds);
    let sent = pieces(4);
    let mut rest = body(&sent, true);
    assert_eq!(keeper.fill(&mut rest, None).await.unwrap(), Came::TooLong);
    rest.push_front(keeper.into_bytes());
    assert_eq!(rest.collect().await.unwrap().to_bytes(), sent.concat());
}

#[tokio::test(start_paused = true)]
async fn a_moment_ends_it_however_often_something_comes() {
    let bounds = Bounds {
        max: 2500,
        ..Bounds::default()
    };
    let mut keeper = Keeper::new(bounds);
    let began = tokio::time::Instant::now();
    let until = began + Duration::from_secs(1);
    let mut rest = body(&pieces(1), false);
    let came = keeper.fill(&mut rest, Some(until.into_std())).await;
    assert_eq!(came.unwrap(), Came::TooLate);
    assert_eq!((keeper.length(), tokio::time::Instant::now()), (1000, until));
}

#[tokio::test]
async fn trailers_are_kept_and_then_there_is_no_length() {
    let mut lines = HeaderMap::new();
    lines.insert("x-checksum", HeaderValue::from_static("1"));
    let frames = vec![
        Frame::trailers(lines.clone()),
        Frame::data(Bytes::from_static(b"body")),
    ];
    let mut sent = Body::streamed(
        Inflow::Own(Box::new(Sent { frames, ends: true })),
        Pace::default(),
        None,
    );
    let mut keeper = Keeper::new(Bounds {
        max: 9,
        ..Bounds::default()
    });
    assert_eq!(keeper.fill(&mut sent, None).await.unwrap(), Came::Whole);
    let kept = keeper.finish();
    assert_eq!(kept.read(|| None).size_hint().exact(), None);
    let read = kept.read(|| None).collect().await.unwrap();
    assert_eq!(read.trailers(), Some(&lines));
    assert_eq!(kept.without_trailers().read(|| None).size_hint().exact(), Some(4));
}
