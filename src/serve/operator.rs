//! The operator's own listener in the life of the process: opened at start, there until the end. A reload
//! does not move it: whoever watches the gateway must find it where it was.

use std::io;
use std::sync::Arc;

use crate::carryover::Carryover;
use crate::edge::admin::{self, Opened};
use crate::edge::door::Door;
use crate::gateway::Gateway;
use crate::gateway::live::Live;

/// The admin listener, if there is one.
pub(super) struct Operator(Option<Arc<Door>>);

impl Operator {
    /// Serves it from now on.
    pub(super) fn serve(opened: Option<Opened>, live: &Live, carryover: &Arc<Carryover>) -> io::Result<Self> {
        let door = opened.map(|opened| admin::serve(opened, live, carryover));
        Ok(Self(door.transpose()?))
    }

    /// ` admin=127.0.0.1:9180`, or nothing.
    pub(super) fn describe(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |door| format!(" admin={}", door.bound))
    }

    /// Another policy is about to come into force: the listener stays as it is.
    pub(super) fn follow(&self, next: &Gateway) {
        let now = self.0.as_ref().map(|door| door.listener.load().address);
        if now != next.admin.as_ref().map(|listener| listener.address) {
            tracing::warn!(
                key = "admin.address",
                "this key is read at start only; restart to change it"
            );
        }
    }
}
