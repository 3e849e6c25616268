//! Listeners that wait for their certificates: looked at every so often, and told of as long as they wait.

use std::time::{Duration, Instant};

use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::gateway::compile::awaited::look_again;
use crate::gateway::listener::Listener;
use crate::serve::Running;

/// How often the files are looked for.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the log says that they are missing.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// The listeners that wait.
#[derive(Default)]
pub(super) struct Awaiting {
    listeners: Vec<Listener>,
    said: Option<Instant>,
}

impl Awaiting {
    /// Another policy comes into force.
    pub(super) fn follow(&mut self, gateway: &Gateway, carryover: &Carryover) {
        let waiting = gateway.listeners.iter();
        self.listeners = waiting
            .filter(|listener| listener.awaits.is_some())
            .cloned()
            .collect();
        self.tell(carryover);
    }

    pub(super) fn is_over(&self) -> bool {
        self.listeners.is_empty()
    }

    /// ` https=waiting`, or nothing.
    pub(super) fn describe(&self) -> String {
        let names = self.listeners.iter().map(|listener| &listener.name);
        names.fold(String::new(), |all, name| all + " " + name + "=waiting")
    }

    /// Those that need not wait any longer. They are waited for until [`opened`](Self::opened).
    pub(super) fn look(&mut self, carryover: &Carryover, now: Instant) -> Vec<Listener> {
        let say = self.said.is_none_or(|said| now - said >= SAY_EVERY);
        let mut ready = Vec::new();
        for listener in &self.listeners {
            match look_again(listener, carryover) {
                Ok(listener) => ready.push(listener),
                Err(reason) if say => {
                    self.said = Some(now);
                    tracing::error!(
                        listener = listener.name,
                        "a listener waits for its certificate: {reason}"
                    );
                }
                Err(_) => {}
            }
        }
        ready
    }

    /// These are open now.
    pub(super) fn opened(&mut self, listeners: &[Listener], carryover: &Carryover) {
        let is_open = |name: &str| listeners.iter().any(|listener| listener.name == name);
        self.listeners.retain(|listener| !is_open(&listener.name));
        self.tell(carryover);
    }

    fn tell(&self, carryover: &Carryover) {
        let names = self.listeners.iter().map(|listener| listener.name.clone());
        carryover.awaited.set(names.collect());
    }
}

impl Running {
    /// Opens the listeners whose certificates have come.
    pub(super) fn open_late(&mut self) {
        let ready = self.awaiting.look(&self.carryover, Instant::now());
        if ready.is_empty() {
            return;
        }
        match self.doors.open_new(&ready, self.carryover.workers) {
            Ok(opened) => {
                self.accept(opened);
                self.awaiting.opened(&ready, &self.carryover);
                self.announce();
            }
            Err(error) => tracing::error!(error = %error, "a listener cannot be opened"),
        }
    }
}
