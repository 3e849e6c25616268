//! Answers that come before the request's body does, to clients of HTTP/2. Many end their body as soon as they see the head
//! of such an answer, and a body that ends short breaks its stream (RFC 9113 §8.1.1), with what is still to come of the
//! answer. So a short one goes on as a whole.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Version;
use http_body::Frame;
use tokio::time::timeout;

use crate::http::flow::BodyFault;
use crate::http::inflow::{Flow, Inflow};
use crate::stack::passage::Passage;

/// The longest answer that is held back, in bytes.
const SHORT: u64 = 16 << 10;
/// And how long its body may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the body of the request is still to come, and its client would be at a loss.
pub(super) fn is_early(passage: &Passage) -> bool {
    let upload = passage.upload.as_ref();
    passage.exchange.head.version == Version::HTTP_2 && upload.is_some_and(|upload| !upload.is_complete())
}

/// What has come of the body of an answer that says how short it is; nothing of others.
pub(super) async fn gather(body: &mut Inflow) -> Bytes {
    let mut gathered = BytesMut::new();
    let length = body.size_hint().exact().filter(|length| *length <= SHORT);
    if let Some(length) = length {
        let _late = timeout(PATIENCE, read(body, length, &mut gathered)).await;
    }
    gathered.freeze()
}

async fn read(body: &mut Inflow, length: u64, gathered: &mut BytesMut) {
    while (gathered.len() as u64) < length && !body.is_over() {
        let fault = match poll_fn(|cx| body.poll(cx)).await {
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    gathered.extend_from_slice(&piece);
                }
                continue;
            }
            Some(Err(BodyFault::Broken(error))) => error,
            Some(Err(error)) => io::Error::other(error),
            None => return,
        };
        *body = Inflow::Own(Box::new(Cut(Some(fault), length - gathered.len() as u64)));
        return;
    }
}

/// A body that broke off with so many bytes to come, which is told when it is asked for more.
struct Cut(Option<io::Error>, u64);

impl Flow for Cut {
    fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.take().map(Err))
    }

    fn is_over(&self) -> bool {
        self.0.is_none()
    }

    fn left(&self) -> Option<u64> {
        Some(self.1)
    }
}
