//! Waiting for things to happen: each wait ends with the event or, after a generous deadline, with a panic
//! that names what did not happen. The deadline is for broken code; no passing test comes near it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take, even on a busy machine.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Asks again and again until `happened`.
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(
            start + DEADLINE > Instant::now(),
            "waited {DEADLINE:?} in vain: {what}"
        );
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// Ends a load when the test that drives it is over, in whichever way: a scope waits for its threads.
pub struct Load<'a>(pub &'a AtomicBool);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Lets threads through as often as it was told to: the way to hold an origin at a point.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<Passes>, Condvar)>);

#[derive(Default)]
struct Passes {
    left: usize,
    open: bool,
    waiting: usize,
}

impl Gate {
    /// Lets one thread pass, now or when it comes.
    pub fn pass_one(&self) {
        self.0.0.lock().unwrap().left += 1;
        self.0.1.notify_all();
    }

    /// Lets everyone pass from now on.
    pub fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Waits to be let through; `false` if nobody did in time.
    pub fn wait(&self) -> bool {
        self.wait_for(DEADLINE)
    }

    /// As [`wait`](Self::wait), for at most `patience`.
    pub fn wait_for(&self, patience: Duration) -> bool {
        let mut passes = self.0.0.lock().unwrap();
        passes.waiting += 1;
        self.0.1.notify_all();
        let (mut passes, _) = self
            .0
            .1
            .wait_timeout_while(passes, patience, |passes| passes.left == 0 && !passes.open)
            .unwrap();
        passes.waiting -= 1;
        let may_go = passes.open || passes.left > 0;
        passes.left = passes.left.saturating_sub(1);
        may_go
    }

    /// Waits until so many threads stand at the gate.
    pub fn wait_for_waiters(&self, count: usize) {
        let passes = self.0.0.lock().unwrap();
        let (_passes, waited) = self
            .0
            .1
            .wait_timeout_while(passes, DEADLINE, |passes| passes.waiting < count)
            .unwrap();
        assert!(!waited.timed_out(), "waited {DEADLINE:?} for {count} at the gate");
    }
}
