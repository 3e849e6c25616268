//! What the operator signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A wish of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// SIGHUP: read the policy again.
    Reload,
    /// SIGTERM, SIGINT or SIGQUIT: finish what is under way and end.
    Stop,
}

/// The signals the process listens to.
pub struct Signals {
    hangup: Signal,
    stops: [Signal; 3],
}

impl Signals {
    /// Listens from now on, so that no signal ends the process half-started.
    pub fn listen() -> io::Result<Self> {
        let stops = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
        ];
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            stops,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Wish {
        let [terminate, interrupt, quit] = &mut self.stops;
        tokio::select! {
            _ = self.hangup.recv() => Wish::Reload,
            _ = terminate.recv() => Wish::Stop,
            _ = interrupt.recv() => Wish::Stop,
            _ = quit.recv() => Wish::Stop,
        }
    }
}
