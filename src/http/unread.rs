//! What was found of a client's connection outside of any request: a head that could not be read, or did not
//! come in time. Whoever reads the socket leaves it here; the request made in its place takes it up, so that
//! it is answered, counted and logged like any other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::{Method, request};

use crate::http::guard::seen::Seen;
use crate::http::refusal::Refusal;

/// The place where it waits. Empty, and never looked at, as long as requests are sound.
#[derive(Debug, Default)]
pub struct Unread {
    found: OnceLock<Box<(Refusal, Seen)>>,
    overdue: AtomicBool,
}

impl Unread {
    /// Leaves a refusal, and what is known of the request refused. The first counts: nothing is read after it.
    pub fn leave(&self, refusal: Refusal, seen: Seen) {
        let _kept = self.found.set(Box::new((refusal, seen)));
    }

    /// The refusal of a request without a path: what was left here, if that is what the request stands for.
    pub fn refusal(&self, head: &request::Parts) -> Refusal {
        self.of(head)
            .map_or(Refusal::TargetInvalid, |found| found.0.clone())
    }

    /// Gives the request made in its place the first line that was received.
    pub fn name(&self, head: &mut request::Parts) {
        if let Some(found) = self.of(head) {
            head.method.clone_from(&found.1.method);
            head.uri.clone_from(&found.1.target);
        }
    }

    /// None but OPTIONS may ask for `*` (RFC 9112 §3.2.4): whatever else does was made by us.
    fn of(&self, head: &request::Parts) -> Option<&(Refusal, Seen)> {
        let found = self.found.get()?;
        (head.uri.path() == "*" && head.method != Method::OPTIONS).then_some(found)
    }

    /// The head that is awaited comes too late.
    pub fn give_up(&self) {
        self.overdue.store(true, Relaxed);
    }

    /// Whether the head that is awaited comes too late.
    pub fn is_overdue(&self) -> bool {
        self.overdue.load(Relaxed)
    }
}
