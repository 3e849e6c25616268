#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Read;
use std::sync::{Arc, Mutex};

use flate2::read::GzDecoder;
use futures_util::FutureExt;
use http_body_util::{BodyExt, StreamBody};

use super::*;
use crate::http::body::Body;
use crate::http::gzip::encoders::{Encoders, MOST};

fn plain(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
    plain
}

/// Text that deflate cannot shrink to nothing.
fn text(bytes: usize) -> Vec<u8> {
    let words = (0_u64..).map(|n| format!("{:x} ", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    words.flat_map(String::into_bytes).take(bytes).collect()
}

fn slot() -> Slot {
    Encoders::default().open().unwrap()
}

#[derive(Clone, Default)]
struct Account(Arc<Mutex<(u64, Vec<End>)>>);

impl Watch for Account {
    fn passed(&mut self, bytes: u64) {
        self.0.lock().unwrap().0 += bytes;
    }

    fn ended(self: Box<Self>, end: End) {
        self.0.lock().unwrap().1.push(end);
    }
}

#[tokio::test]
async fn a_small_body_at_hand_keeps_a_known_length() {
    let body = Body::from(text(BATCH - 1)).gzipped(6, slot());
    let length = body.size_hint().exact().unwrap();
    let coded = body.collect().await.unwrap().to_bytes();
    assert_eq!(coded.len() as u64, length);
    assert!(plain(&coded) == text(BATCH - 1));
}

#[tokio::test]
async fn the_head_of_the_stream_tells_neither_time_nor_name() {
    let coded = Body::from("x")
        .gzipped(6, slot())
        .collect()
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(&coded[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_large_body_is_compressed_aside_and_comes_out_the_same() {
    let mut body = Body::from(text(10 * BATCH)).gzipped(6, slot());
    assert!(body.is_streamed() && body.size_hint().exact().is_none());
    let account = Account::default();
    assert!(body.attend(Box::new(account.clone())).is_none());
    let coded = body.collect().await.unwrap().to_bytes();
    assert!(plain(&coded) == text(10 * BATCH));
    assert_eq!(
        *account.0.lock().unwrap(),
        (coded.len() as u64, vec![End::Complete])
    );
}

#[tokio::test]
async fn a_body_dropped_midway_was_abandoned() {
    let mut body = Body::from(text(10 * BATCH)).gzipped(1, slot());
    let account = Account::default();
    body.attend(Box::new(account.clone()));
    assert!(body.frame().now_or_never().is_none());
    drop(body);
    assert_eq!(account.0.lock().unwrap().1, [End::Abandoned]);
}

#[test]
fn a_coder_that_was_used_starts_anew() {
    for level in [1, 6, 1, 6] {
        let mut coder = Coder::take(level);
        let batch = [Bytes::from(text(1000)), Bytes::new(), Bytes::from(text(50))];
        let mut coded = coder.code(&batch, Flush::None).unwrap();
        coded.extend(coder.code(&batch, Flush::Sync).unwrap());
        coded.extend(coder.code(&[], Flush::Finish).unwrap());
        coder.give_back();
        let twice = [text(1000), text(50), text(1000), text(50)].concat();
        assert!(plain(&coded) == twice);
    }
}

#[test]
fn all_said_so_far_comes_out_at_a_flush() {
    let mut coder = Coder::take(6);
    let coded = coder.code(&[Bytes::from_static(b"so far")], Flush::Sync).unwrap();
    let mut seen = [0; 6];
    GzDecoder::new(&coded[..]).read_exact(&mut seen).unwrap();
    assert_eq!(&seen, b"so far");
}

/// A body that comes in pieces of these sizes, with a trailer.
async fn streamed(pieces: &[usize]) -> Option<HeaderMap> {
    let trailers = HeaderMap::from_iter([(DIGESTS[1].clone(), "x".parse().unwrap())]);
    let all = Bytes::from(text(pieces.iter().sum()));
    let mut rest = all.clone();
    let mut frames: Vec<_> = pieces
        .iter()
        .map(|size| Ok(Frame::data(rest.split_to(*size))))
        .collect();
    frames.push(Ok(Frame::trailers(trailers)));
    let source = StreamBody::new(futures_util::stream::iter(frames));
    let encoders = Encoders::default();
    let mut gzip = Gzip::new(source, 6, encoders.open().unwrap());
    let (mut coded, mut trailers) = (Vec::new(), None);
    while let Some(frame) = std::future::poll_fn(|cx| gzip.poll(cx)).await {
        match frame.unwrap().into_data() {
            Ok(data) => coded.extend(data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    assert!(gzip.is_over());
    let open: Vec<_> = std::iter::from_fn(|| encoders.open()).collect();
    assert_eq!(open.len(), MOST as usize, "its place is given back at its end");
    assert!(plain(&coded) == all);
    trailers
}

#[tokio::test]
async fn what_comes_in_pieces_comes_out_the_same() {
    let trailers = streamed(&[1, 70_000, 0, 3, 20_000, 300_000, 5, 1024, 1025]).await;
    assert!(
        trailers.unwrap().is_empty(),
        "digests of the plain bytes are gone"
    );
    streamed(&[100; 2000]).await;
    streamed(&[]).await;
}

#[tokio::test]
async fn who_is_not_asked_again_holds_no_seat() {
    let large = || Body::from(text(2 * BATCH)).gzipped(1, slot());
    let mut silent: Vec<_> = (0..64).map(|_| large()).collect();
    for body in &mut silent {
        assert!(body.frame().now_or_never().is_none());
    }
    let patience = Duration::from_secs(30);
    let coded = tokio::time::timeout(patience, large().collect()).await.unwrap();
    assert!(plain(&coded.unwrap().to_bytes()) == text(2 * BATCH));
}
