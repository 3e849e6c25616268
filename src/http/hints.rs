//! Early hints (RFC 8297): what an application lets a browser fetch before its answer is ready. Of an interim answer
//! only its links are passed on, so that nothing a policy takes off an answer gets past it this way.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

const HEAD: &[u8] = b"HTTP/1.1 103 Early Hints\r\n";
const LINK: &[u8] = b"link:";

/// What is to be told the client of a connection before its next answer; whole heads of HTTP/1.1.
#[derive(Debug, Default)]
pub struct Hints {
    any: AtomicBool,
    untold: Mutex<Untold>,
}

#[derive(Debug, Default)]
struct Untold {
    text: Vec<u8>,
    /// Whose answer waits until they are taken.
    answer: Option<Waker>,
}

impl Hints {
    /// Adds the hints among these field lines, if there are any.
    pub fn add(&self, lines: &[u8]) {
        let links = lines.split_inclusive(|octet| *octet == b'\n').filter(|line| {
            line.get(..LINK.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(LINK))
        });
        let text = &mut self.untold().text;
        let before = text.len();
        text.extend_from_slice(HEAD);
        let empty = text.len();
        links.for_each(|line| text.extend_from_slice(line));
        if text.len() == empty {
            text.truncate(before);
            return;
        }
        text.extend_from_slice(b"\r\n");
        self.any.store(true, Relaxed);
    }

    /// Whether there is something to tell.
    pub fn any(&self) -> bool {
        self.any.load(Relaxed)
    }

    /// What there is to tell, once.
    pub fn take(&self) -> Vec<u8> {
        let mut untold = self.untold();
        self.any.store(false, Relaxed);
        if let Some(answer) = untold.answer.take() {
            answer.wake();
        }
        std::mem::take(&mut untold.text)
    }

    /// Waits until whoever writes to the client has taken what there is to tell: an answer comes after its hints.
    pub async fn taken(&self) {
        poll_fn(|cx| {
            let mut untold = self.untold();
            if untold.text.is_empty() {
                return Poll::Ready(());
            }
            untold.answer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_links_are_passed_on() {
        let hints = Hints::default();
        hints.add(b"Link: </a>; rel=preload\r\nServer: secret\r\nlink:</b>\r\n\r\n");
        assert!(hints.any());
        let told = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nlink:</b>\r\n\r\n";
        assert_eq!(hints.take(), told.as_bytes());
        assert!(!hints.any() && hints.take().is_empty());
    }

    #[tokio::test]
    async fn an_answer_waits_until_its_hints_are_taken() {
        let hints = Hints::default();
        hints.taken().await;
        hints.add(b"Link: </a>\r\n");
        let (order, writer) = (Mutex::new(Vec::new()), async {
            tokio::task::yield_now().await;
            hints.take()
        });
        let answer = async {
            hints.taken().await;
            order.lock().unwrap().push("answer");
        };
        tokio::join!(answer, async {
            writer.await;
            order.lock().unwrap().push("hints");
        });
        assert_eq!(*order.lock().unwrap(), ["hints", "answer"]);
    }

    #[test]
    fn without_a_link_there_is_nothing_to_tell() {
        let hints = Hints::default();
        hints.add(b"Server: secret\r\nlinks: x\r\n\r\n");
        assert!(!hints.any() && hints.take().is_empty());
    }
}
