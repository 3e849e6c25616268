//! A reload: the policy is compiled on a thread of its own, so that the control thread goes on to probe and to answer
//! the operator; then the gateway is put in force. Reloads run one after the other.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::observe::access_log::AccessLog;
use crate::policy::report::Style;
use crate::serve::logging::level;
use crate::serve::{Running, StartError, reporting};
use crate::source::{Compiled, PolicySource, Refused};

type Outcome = Result<Compiled, StartError>;

/// The policy that is being compiled, if one is.
#[derive(Default)]
pub(super) struct Reloading {
    compiling: Option<JoinHandle<Result<Compiled, Refused>>>,
    /// The operator asked again meanwhile: what is being compiled may be the older text.
    again: bool,
}

impl Reloading {
    /// Whether a policy is being compiled.
    pub(super) fn is_under_way(&self) -> bool {
        self.compiling.is_some()
    }

    /// Begins to compile; where a policy is being compiled already, once more after that.
    pub(super) fn begin(&mut self, source: &PolicySource, carryover: &Arc<Carryover>) {
        if self.is_under_way() {
            self.again = true;
            return;
        }
        tracing::info!("reloading the policy");
        let (source, carryover) = (source.clone(), Arc::clone(carryover));
        self.compiling = Some(tokio::task::spawn_blocking(move || {
            source.readable_again()?;
            source.compile(&carryover, Style::Short)
        }));
    }

    /// What came of the policy; does not return while none is being compiled. May be dropped and called again.
    pub(super) async fn compiled(&mut self) -> Outcome {
        let Some(compiling) = &mut self.compiling else {
            return std::future::pending().await;
        };
        let outcome = compiling.await;
        self.compiling = None;
        // A bug of the compiler costs one reload.
        Ok(outcome.map_err(std::io::Error::from)??)
    }

    /// Whether the operator has asked again.
    fn take_again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }
}

impl Running {
    /// The operator wants the policy read again.
    pub(super) fn begin_reload(&mut self) {
        if let Some(Err(error)) = self.access.as_ref().map(AccessLog::reopen) {
            tracing::warn!(error = %error, "the access log cannot be opened again");
        }
        self.reloading.begin(&self.source, &self.carryover);
    }

    /// Whole or not at all: open what is new, swap, close what is gone. Any fault keeps the old policy.
    pub(super) fn finish_reload(&mut self, compiled: Outcome) {
        match compiled.and_then(|compiled| self.put_in_force(compiled)) {
            Ok(opened) => {
                tracing::info!(
                    policy = self.live.current().hash,
                    listeners = self.doors.describe(),
                    "policy reloaded"
                );
                if opened {
                    self.announce();
                }
            }
            Err(error) => {
                self.carryover.metrics.reload_refused();
                tracing::error!(error = %error, "policy refused, the old one stays");
            }
        }
        if self.reloading.take_again() {
            self.reloading.begin(&self.source, &self.carryover);
        }
    }

    /// Says whether a listener was opened.
    fn put_in_force(&mut self, compiled: Compiled) -> Result<bool, StartError> {
        let Compiled { gateway, warnings } = compiled;
        for warning in warnings.lines() {
            tracing::warn!("{warning}");
        }
        let opened = self.doors.open_new(&gateway.listeners, self.carryover.workers)?;
        self.tell_what_needs_a_restart(&gateway);
        self.operator.follow(&gateway);
        reporting::follow(self.reporter.as_ref(), &gateway);
        self.logs.set_level(level(gateway.logs.level));
        self.tending.set(&gateway.upstreams);
        self.carryover.metrics.reloaded(&gateway.hash);
        let listeners = gateway.listeners.clone();
        self.awaiting.follow(&gateway, &self.carryover);
        self.carryover.memory.set_ceiling(gateway.max_memory);
        self.live.swap(gateway);
        self.workers.renew();
        let any = !opened.is_empty();
        self.accept(opened);
        self.doors.close_gone(&listeners);
        Ok(any)
    }

    fn tell_what_needs_a_restart(&self, next: &Gateway) {
        let now = self.live.current();
        for (key, changed) in [
            ("gateway.workers", now.workers != next.workers),
            ("logs.format", now.logs.format != next.logs.format),
            ("logs.access", now.logs.access != next.logs.access),
        ] {
            if changed {
                tracing::warn!(key, "this key is read at start only; restart to change it");
            }
        }
    }
}
