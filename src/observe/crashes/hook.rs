//! What is noted of a panic while it happens: where, what and the stack, unread. Reading the stack takes
//! long and is the reporter's work. A request that unwinds learns the panic's number from here.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::observe::crashes::Lane;

/// A panic.
pub(super) struct Panicked {
    /// See [`message`].
    pub(super) message: String,
    /// File and line.
    pub(super) place: String,
    /// The thread's name.
    pub(super) thread: String,
    /// Its stack, read when it is shown.
    pub(super) stack: Backtrace,
}

/// Panics so far, in the whole process: each has a number.
static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The number of this thread's last panic, until somebody says whose it was.
    static LAST: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Hears of every panic from now on, then lets whoever listened before have it.
pub(super) fn install(lane: Lane) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let number = COUNT.fetch_add(1, Relaxed);
        LAST.set(Some(number));
        lane.caught(number, Panicked::new(panic));
        before(panic);
    }));
}

/// The number of the panic that unwinds this thread, once.
pub(super) fn take_number() -> Option<u64> {
    LAST.take()
}

impl Panicked {
    fn new(panic: &PanicHookInfo<'_>) -> Self {
        let place = panic.location();
        Self {
            message: message(panic),
            place: place.map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line())),
            thread: thread::current().name().unwrap_or("unnamed").to_owned(),
            stack: Backtrace::force_capture(),
        }
    }
}

/// Beginnings of messages that the language puts together; what follows them are values.
const KNOWN: [&str; 8] = [
    "index out of bounds",
    "range start index",
    "range end index",
    "slice index starts at",
    "byte index",
    "called `Result::unwrap()` on an `Err` value",
    "assertion `left == right` failed",
    "assertion `left != right` failed",
];

/// A message that stands in the source is said whole. One that was put together at run time may hold a
/// piece of a request ("… is not a char boundary of `…`"): of that only a known beginning is said. The log
/// has all of it, under the request id.
fn message(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    if let Some(literal) = payload.downcast_ref::<&'static str>() {
        return (*literal).to_owned();
    }
    let text = payload.downcast_ref::<String>().map_or("", String::as_str);
    beginning(text)
}

fn beginning(text: &str) -> String {
    let known = KNOWN.into_iter().find(|known| text.starts_with(known));
    known.map_or_else(
        || "panicked with a message made at run time".to_owned(),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_message_is_not_repeated() {
        for (text, said) in [
            (
                "index out of bounds: the len is 3 but the index is 5",
                "index out of bounds",
            ),
            (
                "byte index 1 is out of bounds of `anna@example.com`",
                "byte index",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: \"hunter2\"",
                "called `Result::unwrap()` on an `Err` value",
            ),
            ("no room for hunter2", "panicked with a message made at run time"),
        ] {
            assert_eq!(beginning(text), said);
        }
    }
}
