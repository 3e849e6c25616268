//! `Expect: 100-continue` from end to end (RFC 9110 §10.1.1): the client is told to send its body when the
//! upstream says so, and not before; an upstream that refuses by the head alone spares it the body. One that
//! says nothing is not waited for longer than clients wait themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use http::{HeaderMap, Version, header};
use tokio::time::Sleep;

use crate::http::metered::Metered;

/// How long an upstream may take to consent before the body is sent unasked: as long as curl and Go wait.
const PATIENCE: Duration = Duration::from_secs(1);

const UNSAID: u8 = 0;
const GIVEN: u8 = 1;
const MOOT: u8 = 2;

/// What a request expects of whoever answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing, or nothing that can be kept on this hop.
    None,
    /// To be told before it sends its body.
    Continue,
    /// Something no server can promise: 417.
    Unknown,
}

/// Whether an upstream wants the body of one request.
#[derive(Debug, Default)]
pub struct Consent {
    said: AtomicU8,
    waiting: AtomicWaker,
}

/// A body that is not read before there is consent.
pub struct Withheld {
    consent: Arc<Consent>,
    timer: Option<Pin<Box<Sleep>>>,
    body: Box<Metered>,
}

impl Expectation {
    /// Reads `Expect`. HTTP/1.0 knows none (RFC 9110 §10.1.1), and over HTTP/2 the client cannot be told, so that it
    /// would wait in vain: there the body comes unasked.
    pub fn of(version: Version, headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(header::EXPECT).iter().peekable();
        if lines.peek().is_none() {
            return Self::None;
        }
        let members = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let mut members = members
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty());
        if !members.all(|member| member.eq_ignore_ascii_case(b"100-continue")) {
            Self::Unknown
        } else if version == Version::HTTP_11 {
            Self::Continue
        } else {
            Self::None
        }
    }
}

impl Consent {
    /// Of a request that is about to be sent.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The upstream wants the body.
    pub fn give(&self) {
        let _settled = self.said.compare_exchange(UNSAID, GIVEN, Relaxed, Relaxed);
        self.waiting.wake();
    }

    /// The upstream has answered: a body nobody asked for will not be sent any more.
    pub fn settle(&self) {
        let _given = self.said.compare_exchange(UNSAID, MOOT, Relaxed, Relaxed);
    }
}

impl Withheld {
    pub(super) fn new(consent: Arc<Consent>, body: Box<Metered>) -> Self {
        Self {
            consent,
            timer: None,
            body,
        }
    }

    /// Ready when the body is to be read.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.consent.waiting.register(cx.waker());
        match self.consent.said.load(Relaxed) {
            GIVEN => Poll::Ready(()),
            // Whoever reads the answer ends the connection after it.
            MOOT => Poll::Pending,
            _ => {
                let timer = self
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
                let over = timer.as_mut().poll(cx);
                if over.is_ready() {
                    self.consent.give();
                }
                over
            }
        }
    }

    pub(super) fn body(&self) -> &Metered {
        &self.body
    }

    pub(super) fn into_body(self) -> Box<Metered> {
        self.body
    }
}

impl std::fmt::Debug for Withheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Withheld").field(&self.body).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn expects(version: Version, lines: &[&str]) -> Expectation {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::EXPECT, line.parse().unwrap());
        }
        Expectation::of(version, &headers)
    }

    #[test]
    fn only_one_expectation_is_known() {
        assert_eq!(expects(Version::HTTP_11, &[]), Expectation::None);
        assert_eq!(
            expects(Version::HTTP_11, &["100-Continue"]),
            Expectation::Continue
        );
        assert_eq!(expects(Version::HTTP_10, &["100-continue"]), Expectation::None);
        assert_eq!(expects(Version::HTTP_2, &["100-continue"]), Expectation::None);
        for unknown in [
            &["200-ok"][..],
            &["100-continue, x"],
            &["100-continue", "x=1"],
            &["100-continue;q=1"],
        ] {
            assert_eq!(
                expects(Version::HTTP_11, unknown),
                Expectation::Unknown,
                "{unknown:?}"
            );
        }
    }

    #[test]
    fn what_was_said_first_stays() {
        let consent = Consent::new();
        consent.settle();
        consent.give();
        assert_eq!(consent.said.load(Relaxed), MOOT);
        let consent = Consent::new();
        consent.give();
        consent.settle();
        assert_eq!(consent.said.load(Relaxed), GIVEN);
    }
}
