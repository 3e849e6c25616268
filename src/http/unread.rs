//! What was found of a client's connection outside of any request: a head that could not be read, or did not
//! come in time. Whoever reads the socket leaves it here; the request made in its place takes it up, so that
//! it is answered, counted and logged like any other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::request;

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

    /// The refusal of a request without a path: what was left here. No request with one of its own comes
    /// through the guard without a path, in HTTP/2 it does.
    pub fn refusal(&self) -> Refusal {
        self.found
            .get()
            .map_or(Refusal::TargetInvalid, |found| found.0.clone())
    }

    /// Gives the request made in its place the first line that was received.
    pub fn name(&self, head: &mut request::Parts) {
        if let Some(found) = self.found.get().filter(|_| head.uri.path() == "*") {
            head.method.clone_from(&found.1.method);
            head.uri.clone_from(&found.1.target);
        }
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
