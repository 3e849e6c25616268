//! Requests on their way to servers that take as much at once as the test says.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method};
use http_body::Frame;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use crate::http::body::Body;
use crate::http::flow::{BodyFault, End};
use crate::http::inflow::{Flow, Inflow};
use crate::http::message::Message;
use crate::http::pace::Pace;
use crate::upstream::http1::outbox::Outbox;
use crate::upstream::watch::Upload;

const HEAD: &str = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";

/// A body that comes in these pieces, and may never say that it is over.
struct Script {
    pieces: VecDeque<Frame<Bytes>>,
    ends: bool,
    left: Option<u64>,
}

impl Flow for Script {
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(piece) = self.pieces.pop_front() else {
            return if self.ends {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        };
        let octets = piece.data_ref().map_or(0, Bytes::len) as u64;
        self.left = self.left.map(|left| left - octets);
        Poll::Ready(Some(Ok(piece)))
    }

    fn is_over(&self) -> bool {
        false
    }

    fn left(&self) -> Option<u64> {
        self.left
    }
}

fn data(octet: u8, length: usize) -> Frame<Bytes> {
    Frame::data(Bytes::from(vec![octet; length]))
}

fn body(pieces: Vec<Frame<Bytes>>, ends: bool, left: Option<u64>) -> (Body, Arc<Upload>) {
    let upload = Upload::new();
    let script = Script {
        pieces: pieces.into(),
        ends,
        left,
    };
    let inflow = Inflow::Own(Box::new(script));
    (
        Body::streamed(inflow, Pace::default(), Some(upload.watch())),
        upload,
    )
}

/// A request of these header lines.
fn begun(fields: &[(&str, &str)], body: Body) -> Outbox {
    let mut message = Message::new(Method::POST, PathAndQuery::from_static("/"), body);
    for (name, value) in fields {
        let name = HeaderName::try_from(*name).unwrap();
        message.lines.push(name, value.parse().unwrap());
    }
    let mut outbox = Outbox::default();
    outbox.begin(message);
    outbox
}

/// Writes until nothing more can be; the other end hears all of it.
async fn sent(outbox: &mut Outbox, room: usize) -> (Result<(), BodyFault>, String) {
    let (mut ours, mut theirs) = duplex(room);
    let mut heard = Vec::new();
    let sending = async {
        let sent = poll_fn(|cx| outbox.poll(&mut ours, cx)).await;
        drop(ours);
        sent
    };
    let (sent, read) = tokio::join!(sending, theirs.read_to_end(&mut heard));
    read.unwrap();
    (sent, String::from_utf8(heard).unwrap())
}

#[tokio::test]
async fn chunks_stay_whole_however_little_the_server_takes_at_once() {
    let sizes = [3, 5000, 4097, 1, 9000, 9000];
    let mut expected = HEAD.to_owned();
    for size in sizes {
        expected.extend([format!("{size:x}\r\n"), "x".repeat(size), "\r\n".to_owned()]);
    }
    expected += "0\r\n\r\n";
    for room in (1..64).chain(4000..4060).chain(5000..5060) {
        let pieces = sizes.map(|size| data(b'x', size)).into();
        let mut outbox = begun(&[], body(pieces, true, None).0);
        let (sent, heard) = sent(&mut outbox, room).await;
        assert!(sent.is_ok() && outbox.is_done());
        assert!(heard == expected, "with room for {room}");
    }
}

#[tokio::test]
async fn trailers_go_out_if_they_were_announced() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "1".parse().unwrap());
    trailers.insert("x-other", "2".parse().unwrap());
    for size in [2, 5000] {
        let pieces = vec![data(b'x', size), Frame::trailers(trailers.clone())];
        let mut outbox = begun(&[("trailer", "x-none, X-Sum")], body(pieces, true, None).0);
        let (_, heard) = sent(&mut outbox, 700).await;
        let end = format!("{size:x}\r\n{}\r\n0\r\nx-sum: 1\r\n\r\n", "x".repeat(size));
        assert!(heard.ends_with(&end), "{heard}");
        assert!(outbox.is_done());
    }
}

#[tokio::test]
async fn a_body_is_over_with_its_last_byte_though_nobody_says_so() {
    for (length, pieces) in [("0", vec![]), ("7", vec![data(b'a', 3), data(b'b', 4)])] {
        let (body, upload) = body(pieces, false, Some(length.parse().unwrap()));
        let mut outbox = begun(&[("content-length", length)], body);
        assert!(sent(&mut outbox, 9000).await.0.is_ok());
        assert!(outbox.is_done());
        assert_eq!(upload.end(), Some(End::Complete));
    }
}

#[tokio::test]
async fn more_or_less_than_was_told_is_a_fault() {
    for pieces in [vec![data(b'a', 5), data(b'b', 4)], vec![data(b'a', 7)], vec![]] {
        let mut outbox = begun(&[("content-length", "8")], body(pieces, true, None).0);
        let (sent, heard) = sent(&mut outbox, 9000).await;
        assert!(matches!(sent, Err(BodyFault::Unwanted)));
        assert!(!heard.contains('b') && !outbox.is_done(), "{heard}");
    }
}

#[tokio::test]
async fn a_server_that_hung_up_takes_nothing_and_that_is_no_fault() {
    let (body, upload) = body(vec![data(b'a', 5)], false, None);
    let mut outbox = begun(&[], body);
    let (mut ours, theirs) = duplex(100);
    drop(theirs);
    assert!(poll_fn(|cx| outbox.poll(&mut ours, cx)).await.is_ok());
    assert!(!outbox.is_done(), "it is fit for no other request");
    assert!(!outbox.is_sending());
    assert_eq!(upload.end(), Some(End::Abandoned));
}

/// What is polled once.
async fn once(outbox: &mut Outbox, socket: &mut DuplexStream) -> Poll<Result<(), BodyFault>> {
    poll_fn(|cx| Poll::Ready(outbox.poll(socket, cx))).await
}

#[tokio::test]
async fn no_piece_is_taken_before_the_one_before_has_gone() {
    let (body, upload) = body((0..9).map(|_| data(b'x', 10_000)).collect(), true, None);
    let mut outbox = begun(&[], body);
    let (mut ours, mut theirs) = duplex(10_000);
    for taken in 1..5 {
        assert!(once(&mut outbox, &mut ours).await.is_pending());
        assert_eq!(upload.bytes(), taken * 10_000);
        theirs.read_exact(&mut [0; 10_000]).await.unwrap();
    }
}
