//! The control thread: how it runs and how it speaks to the operator. Whatever the outside does with it
//! (a name server that is silent, a terminal that is not read), it must go on to hear signals and end.

use std::io::Write;
use std::thread;

use tokio::runtime::Runtime;

/// Runs the control thread's work to its end. Look-ups that still wait for a name server are left behind:
/// they cannot be broken off, and would hold up the end for longer than a container gets (10 s).
pub(super) fn run<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

/// To standard error. Nobody reading there is no reason not to serve.
pub(super) fn tell(text: &str) {
    let _unread = std::io::stderr().write_all(text.as_bytes()).is_err();
}

/// The same, without waiting: a full pipe makes whoever writes to it wait for its reader.
pub(super) fn tell_aside(text: String) {
    let _no_thread = thread::Builder::new()
        .name("ready-line".to_owned())
        .spawn(move || tell(&text))
        .is_err();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_look_up_without_end_does_not_hold_up_the_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (begun, waiting) = mpsc::channel();
        let (answer, silence) = mpsc::channel::<()>();
        run(runtime, async move {
            tokio::task::spawn_blocking(move || {
                begun.send(()).unwrap();
                silence.recv()
            });
            waiting.recv().unwrap();
        });
        assert!(answer.send(()).is_ok(), "it was still waiting");
    }
}
